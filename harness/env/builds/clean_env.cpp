#include "builds/clean_env.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 12> kKept = {
    "PATH",  "HOME",      "USER",         "LOGNAME",         "GOPATH",          "NVM_DIR",
    "CPATH", "PNPM_HOME", "LIBRARY_PATH", "LD_LIBRARY_PATH", "PKG_CONFIG_PATH", "SSL_CERT_FILE"};

struct Switch {
  const char* name;
  const char* value;
};
constexpr std::array<Switch, 12> kSwitches = {{
    {"LANG", "C.UTF-8"},
    {"NO_UPDATE_NOTIFIER", "1"},
    {"npm_config_update_notifier", "false"},
    {"npm_config_fund", "false"},
    {"npm_config_audit", "false"},
    {"NEXT_TELEMETRY_DISABLED", "1"},
    {"ASTRO_TELEMETRY_DISABLED", "1"},
    {"TURBO_TELEMETRY_DISABLED", "1"},
    {"DO_NOT_TRACK", "1"},
    {"CHECKPOINT_DISABLE", "1"},
    {"CARGO_NET_OFFLINE", "true"},
    // reproducible-builds.org/specs/source-date-epoch: a date that archives can hold.
    {"SOURCE_DATE_EPOCH", "1577836800"},
}};

// "JAVA_HOME", "PYENV_ROOT": a folder where a tool is, not a project's setting.
bool says_where_a_tool_is(const std::string& name, const std::string& value) {
  std::error_code error;
  return (name.ends_with("_HOME") || name.ends_with("_ROOT")) && fs::path(value).is_absolute() &&
         fs::is_directory(value, error);
}

bool is_hidden(const std::string& path) {
  return path.starts_with("/tmp/") || path.starts_with("/home/") || path.starts_with("/run/") ||
         path.starts_with("/var/tmp/");
}

}  // namespace

Environment clean_environment(const Environment& caller, const std::vector<std::string>& tried) {
  Environment env;
  for (const auto& [name, value] : kSwitches) {
    env[name] = value;
  }
  for (const auto& [name, value] : caller) {
    if (std::find(kKept.begin(), kKept.end(), name) != kKept.end() ||
        says_where_a_tool_is(name, value)) {
      env[name] = value;
    }
  }
  for (const auto& name : tried) {
    env.erase(name);
  }
  return env;
}

std::vector<model::WorldMount> tool_mounts(const Environment& env, const std::string& home) {
  std::vector<model::WorldMount> mounts;
  for (const auto& [name, value] : env) {
    const std::string path = fs::path(value).lexically_normal();
    if (name == "HOME" || !says_where_a_tool_is(name, value) || !is_hidden(path) ||
        (path + "/").starts_with(home + "/")) {
      continue;
    }
    mounts.push_back({path, path, true});
  }
  return mounts;
}

}  // namespace relapse::env
