#include "scenario/subjects.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "os/files.h"
#include "scenario/project_view.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

bool ends_with_any(const std::string& path) {
  constexpr std::array<const char*, 3> kScripts = {".mjs", ".cjs", ".js"};
  for (const char* ending : kScripts) {
    if (path.ends_with(ending)) {
      return true;
    }
  }
  return false;
}

bool allows(const fs::path& path, fs::perms wanted) {
  std::error_code error;
  const auto found = fs::status(path, error).permissions();
  return !error && (found & wanted) == wanted;
}

// The "version" of the package that the program belongs to: the nearest package.json above it
// that has one.
std::string package_version(const fs::path& program) {
  for (fs::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    std::error_code error;
    if (fs::exists(folder / "package.json", error)) {
      auto text = os::read_file(folder / "package.json");
      auto document = text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
      if (document.is_object() && document.value("version", nlohmann::json()).is_string()) {
        return document["version"];
      }
    }
  }
  return "";
}

Result<GivenSubjects> read_subjects_file(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kUsage, text.error().message};
  }
  auto document = nlohmann::json::parse(*text, nullptr, false);
  GivenSubjects given;
  if (!document.is_object()) {
    return Error{ErrorKind::kScenario, "must be a JSON object", "{\"runner\": \"./runner\"}", file,
                 1};
  }
  for (const auto& [name, path] : document.items()) {
    if (!path.is_string()) {
      return Error{ErrorKind::kScenario, fmt::format("'{}' must be a path in quotes", name), "",
                   file, 1};
    }
    // As in every configuration file: relative to the file, not to where relapse was started.
    given[name] = (fs::absolute(file).parent_path() / path.get<std::string>()).lexically_normal();
  }
  return given;
}

}  // namespace

Result<GivenSubjects> read_given_subjects(const std::vector<std::string>& pairs,
                                          const std::string& file) {
  GivenSubjects given;
  if (!file.empty()) {
    auto from_file = read_subjects_file(file);
    if (!from_file) {
      return from_file;
    }
    given = std::move(*from_file);
  }
  for (const auto& pair : pairs) {
    size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == pair.size()) {
      return Error{ErrorKind::kUsage, fmt::format("--subject {}: not NAME=PATH", pair),
                   "as in --subject runner=./run-agent.mjs"};
    }
    given[pair.substr(0, equals)] = fs::absolute(pair.substr(equals + 1)).lexically_normal();
  }
  return given;
}

ResolvedSubject SubjectResolver::describe(const std::string& path, model::SubjectFacts facts) {
  ResolvedSubject subject;
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error || !fs::is_regular_file(real, error)) {
    subject.facts = std::move(facts);
    subject.facts.origin = "missing";
    subject.facts.path = path;
    return subject;
  }
  facts.path = real;
  auto known = hashes_.find(facts.path);
  if (known == hashes_.end()) {
    auto hash = os::sha256_of_file(real);
    known = hashes_.emplace(facts.path, hash ? *hash : "").first;
  }
  facts.sha256 = known->second;
  facts.version = package_version(real);
  subject.facts = std::move(facts);
  subject.is_node_script = ends_with_any(subject.facts.path);
  subject.is_executable = ::access(real.c_str(), X_OK) == 0;
  const auto wanted = subject.is_executable ? fs::perms::others_read | fs::perms::others_exec
                                            : fs::perms::others_read;
  subject.is_open = allows(real, wanted);
  subject.folder_is_open =
      allows(real.parent_path(), fs::perms::others_read | fs::perms::others_exec);
  return subject;
}

ResolvedSubject SubjectResolver::describe_project(const std::string& path,
                                                  const std::vector<std::string>& patches,
                                                  model::SubjectFacts facts) {
  ResolvedSubject project;
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  // Without what its lock file names it cannot be built: a checkout without `npm ci`.
  const bool bare = fs::exists(real / "package-lock.json", error) &&
                    !fs::is_directory(real / "node_modules", error);
  facts.path = path;
  if (error || !fs::is_directory(real, error) || bare) {
    facts.origin = "missing";
    project.facts = std::move(facts);
    return project;
  }
  facts.path = real;
  auto known = hashes_.find(facts.path);
  if (known == hashes_.end()) {
    auto hash = sha256_of_project(real);
    known = hashes_.emplace(facts.path, hash ? *hash : "").first;
  }
  facts.sha256 = known->second;
  for (const auto& patch : patches) {
    project.patches.push_back(fs::path(project_) / patch);
    auto hash = os::sha256_of_file(project.patches.back());
    facts.sha256 = os::sha256_of_text(facts.sha256 + (hash ? *hash : ""));
  }
  project.facts = std::move(facts);
  return project;
}

ResolvedSubject SubjectResolver::resolve(const std::string& name, const model::Role& role,
                                         const std::string& choice) {
  model::SubjectFacts facts;
  facts.name = name;
  auto given = given_.find(name);
  if (choice.empty() && given != given_.end()) {
    facts.origin = "given";
    auto subject = role.is_project ? describe_project(given->second, {}, std::move(facts))
                                   : describe(given->second, std::move(facts));
    subject.facts.label = fmt::format("{} {}", name, fs::path(given->second).filename().string());
    subject.remedy =
        role.is_project
            ? fmt::format("--subject {} names a folder, in which `npm ci` has run if it needs it",
                          name)
            : fmt::format("--subject {} names no file", name);
    return subject;
  }
  auto found = role.choices.find(choice.empty() ? role.default_choice : choice);
  if (found == role.choices.end()) {
    facts.origin = "missing";
    ResolvedSubject subject;
    subject.facts = std::move(facts);
    subject.remedy = fmt::format("give one: --subject {}=PATH", name);
    return subject;
  }
  facts.origin = found->second.origin;
  const std::string path = fs::path(project_) / found->second.path;
  auto subject = role.is_project ? describe_project(path, found->second.patches, std::move(facts))
                                 : describe(path, std::move(facts));
  subject.facts.label = found->second.label.empty() ? found->first : found->second.label;
  subject.env = found->second.env;
  subject.remedy = fmt::format("run `make setup`, or give one: --subject {}=PATH", name);
  return subject;
}

}  // namespace relapse::run
