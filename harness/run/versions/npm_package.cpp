#include "versions/npm_package.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "model/nearest.h"
#include "os/files.h"
#include "os/run_program.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

constexpr int kAskTimeoutMs = 60'000;
// An agent is some hundred megabytes.
constexpr int kInstallTimeoutMs = 600'000;

bool succeeded(const Result<os::ProgramEnd>& ran) {
  return ran && WIFEXITED(ran->status) && WEXITSTATUS(ran->status) == 0;
}

std::string program_in(const json& manifest, const std::string& command) {
  const json bin = manifest.value("bin", json());
  if (bin.is_string()) {
    return bin;
  }
  if (!bin.is_object()) {
    return "";
  }
  if (bin.contains(command) && bin[command].is_string()) {
    return bin[command];
  }
  return bin.size() == 1 && bin.front().is_string() ? bin.front().get<std::string>() : "";
}

}  // namespace

Result<std::vector<std::string>> npm_versions(const std::string& package, const std::string& from,
                                              const std::string& to) {
  auto ran = os::run_program({"npm", "view", package, "versions", "--json"}, kAskTimeoutMs);
  const json listed = succeeded(ran) ? json::parse(ran->output, nullptr, false) : json();
  std::vector<std::string> versions;
  for (const auto& version : listed.is_array() ? listed : json::array({listed})) {
    const std::string text = version.is_string() ? version.get<std::string>() : "";
    if (!text.empty() && (text.find('-') == std::string::npos || text == from || text == to)) {
      versions.push_back(text);
    }
  }
  if (versions.empty()) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("npm's registry names no version of '{}'", package),
                 "npm view " + package + " versions"};
  }
  auto place = [&](const std::string& version, size_t otherwise) -> Result<size_t> {
    auto found = std::find(versions.begin(), versions.end(), version);
    if (version.empty() || found != versions.end()) {
      return version.empty() ? otherwise : static_cast<size_t>(found - versions.begin());
    }
    return Error{ErrorKind::kUsage, fmt::format("{} has no version '{}'", package, version),
                 model::suggestion(version, versions)};
  };
  auto begin = place(from, 0);
  auto end = place(to, versions.size() - 1);
  if (!begin || !end) {
    return begin ? end.error() : begin.error();
  }
  if (*begin > *end) {
    return Error{ErrorKind::kUsage, fmt::format("{} is newer than {}", from, to),
                 "the older one is --from"};
  }
  return std::vector<std::string>(versions.begin() + static_cast<std::ptrdiff_t>(*begin),
                                  versions.begin() + static_cast<std::ptrdiff_t>(*end) + 1);
}

Result<std::string> install_npm_package(const std::string& package, const std::string& version,
                                        const std::string& command, const std::string& folder) {
  const std::string name = fmt::format("{}@{}", package, version);
  auto ran = os::run_program({"npm", "install", "--prefix", folder, "--no-audit", "--no-fund",
                              "--no-save", "--loglevel=error", name},
                             kInstallTimeoutMs);
  if (!succeeded(ran)) {
    return Error{ErrorKind::kUnavailable, fmt::format("npm could not install {}", name)};
  }
  const fs::path home = fs::path(folder) / "node_modules" / package;
  auto text = os::read_file(home / "package.json");
  const json manifest = text ? json::parse(*text, nullptr, false) : json();
  const std::string program = manifest.is_object() ? program_in(manifest, command) : "";
  if (program.empty()) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("{} brings no program '{}', and not just one", name, command)};
  }
  return (home / program).string();
}

}  // namespace relapse::run
