#include "supplied/job_context.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "wanted/yaml_lines.h"

namespace relapse::env {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr int kDeepestValue = 10;  // of a matrix

}  // namespace

json to_object(const Texts& texts) {
  json out = json::object();
  for (const auto& [name, text] : texts) {
    out[name] = text;
  }
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

json to_json_value(const YAML::Node& node, int depth) {
  if (depth > kDeepestValue || !node.IsDefined() || node.IsNull()) {
    return {};
  }
  if (node.IsSequence()) {
    json out = json::array();
    for (const auto& item : node) {
      out.push_back(to_json_value(item, depth + 1));
    }
    return out;
  }
  if (node.IsMap()) {
    json out = json::object();
    for (const auto& item : node) {
      out[text_of(item.first)] = to_json_value(item.second, depth + 1);
    }
    return out;
  }
  const std::string& text = node.Scalar();
  const bool plain = node.Tag() == "?" || node.Tag().empty();
  if (plain) {
    json parsed = json::parse(text, nullptr, false);
    if (parsed.is_number() || parsed.is_boolean()) {
      return parsed;
    }
  }
  return text;
}

void add_github(json& github, const std::string& root, const std::string& job) {
  const json usual = {{"workspace", root},
                      {"event_name", "push"},
                      {"ref", "refs/heads/main"},
                      {"ref_name", "main"},
                      {"ref_type", "branch"},
                      {"repository", "owner/repository"},
                      {"repository_owner", "owner"},
                      {"actor", "somebody"},
                      {"sha", std::string(40, '0')},
                      {"run_id", "1"},
                      {"run_number", "1"},
                      {"run_attempt", "1"},
                      {"job", job},
                      {"workflow", "workflow"},
                      {"token", "recorded"},
                      {"server_url", "https://github.com"},
                      {"event", json::object()},
                      {"base_ref", ""},
                      {"head_ref", ""}};
  for (const auto& [name, value] : usual.items()) {
    if (!github.contains(name)) {
      github[name] = value;
    }
  }
}

json inputs_of(const std::vector<WorkflowInput>& declared, const json& given) {
  json out = given.is_object() ? given : json::object();
  for (const auto& input : declared) {
    if (out.contains(input.name) || !input.fallback) {
      continue;
    }
    out[input.name] = input.is_boolean ? json(*input.fallback == "true") : json(*input.fallback);
  }
  return out;
}

void lay_over(Texts& below, const Texts& above) {
  for (const auto& [name, text] : above) {
    below[name] = text;
  }
}

void add_sources(std::vector<SourceText>& sources, SourceText::Kind kind,
                 const std::vector<WorkflowEntry>& entries, const std::string& file) {
  for (const auto& entry : entries) {
    sources.push_back({kind, file, entry.name, entry.text, entry.line, entry.first_line});
  }
}

Texts process_env(const Texts& env, const json& github, const std::string& action_folder,
                  const std::vector<std::string>& paths) {
  Texts out = {{"CI", "true"},         {"GITHUB_ACTIONS", "true"},
               {"RUNNER_OS", "Linux"}, {"RUNNER_TEMP", "/tmp"},
               {"HOME", "/tmp"},       {"GITHUB_ACTION_PATH", action_folder}};
  for (const auto& [name, value] : github.items()) {
    if (value.is_string() && name != "token") {
      std::string upper = "GITHUB_";
      for (char c : name) {
        upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      }
      out[upper] = value.get<std::string>();
    }
  }
  lay_over(out, env);
  std::string path;
  for (const auto& one : paths) {
    path += one + ":";
  }
  out["PATH"] = path + "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  return out;
}

void add_secrets(const json& values, std::vector<std::string>& secrets) {
  if (values.is_string()) {
    secrets.push_back(values.get<std::string>());
  } else if (values.is_structured()) {
    for (const auto& one : values) {
      add_secrets(one, secrets);
    }
  }
}

std::string repository_of(const std::string& workflow) {
  std::error_code error;
  const fs::path file = fs::weakly_canonical(workflow, error);
  for (fs::path folder = file.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (folder.filename() == ".github") {
      return folder.parent_path().string();
    }
  }
  for (fs::path folder = file.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / ".git", error)) {
      return folder.string();
    }
  }
  return file.parent_path().string();
}

}  // namespace relapse::env
