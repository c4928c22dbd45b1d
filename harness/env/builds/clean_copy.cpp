#include "builds/clean_copy.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <string_view>

#include "os/run_program.h"

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

constexpr int kGitMs = 20'000;

bool is_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

template <size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Where tools install what a build needs; not made by the build.
constexpr std::array<std::string_view, 12> kDependencies = {
    "node_modules", "bower_components", "jspm_packages", "vendor",  ".venv", "venv",
    ".yarn",        ".pnpm-store",      ".cargo",        ".bundle", "Pods",  ".gradle"};

// Caches inside dependencies.
constexpr std::array<std::string_view, 3> kCaches = {".cache", ".vite", ".vite-temp"};

// A build folder, where the file beside it says whose it is.
struct BuildFolder {
  std::string_view name;
  std::string_view beside;
};
constexpr std::array<BuildFolder, 14> kBuildFolders = {{
    {"target", "Cargo.toml"},
    {"target", "pom.xml"},
    {"build", "build.gradle"},
    {"build", "build.gradle.kts"},
    {"build", "pyproject.toml"},
    {"build", "setup.py"},
    {"build", "CMakeLists.txt"},
    {".next", "package.json"},
    {".nuxt", "package.json"},
    {".output", "package.json"},
    {".svelte-kit", "package.json"},
    {".astro", "package.json"},
    {".turbo", "package.json"},
    {".parcel-cache", "package.json"},
}};

bool is_object_file(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".o" || extension == ".obj" || extension == ".tsbuildinfo";
}

void add_caches_of_dependencies(const fs::path& dependencies, CleanCopy& clean) {
  for (auto name : kCaches) {
    std::error_code error;
    if (fs::is_directory(dependencies / name, error)) {
      clean.remove.push_back(dependencies / name);
    }
  }
}

// What is recognised without git's help. Dependencies are not entered.
void find_recognised(const fs::path& folder, CleanCopy& clean) {
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    std::error_code ignored;
    if (entry->is_symlink(ignored) || !entry->is_directory(ignored)) {
      if (is_object_file(path)) {
        clean.ignored.push_back(path);
      }
      continue;
    }
    const std::string name = path.filename();
    if (is_one_of(name, kDependencies)) {
      add_caches_of_dependencies(path, clean);
      entry.disable_recursion_pending();
      continue;
    }
    const bool known =
        std::any_of(kBuildFolders.begin(), kBuildFolders.end(), [&](const BuildFolder& one) {
          return one.name == name && fs::exists(path.parent_path() / one.beside, ignored);
        });
    if (name == ".git" || known || fs::exists(path / "CACHEDIR.TAG", ignored)) {
      if (name != ".git") {
        clean.remove.push_back(path);
      }
      entry.disable_recursion_pending();
    }
  }
}

}  // namespace

std::string work_tree_of(const std::string& folder) {
  for (fs::path path = folder; path.has_relative_path(); path = path.parent_path()) {
    std::error_code error;
    if (fs::exists(path / ".git", error)) {
      return path;
    }
  }
  return folder;
}

bool is_wanted_though_ignored(const std::string& path) {
  fs::path relative = path;
  if (!relative.has_filename()) {
    relative = relative.parent_path();  // "dist/"
  }
  for (const auto& part : relative) {
    if (is_one_of(part.string(), kDependencies)) {
      return true;
    }
  }
  const std::string name = relative.filename();
  constexpr std::array<std::string_view, 8> kConfiguring = {
      ".npmrc", ".netrc", ".pypirc", ".tool-versions", ".nvmrc", ".pem", ".key", ".crt"};
  return name.starts_with(".env") || name.starts_with(".dev.vars") ||
         name.find(".local") != std::string::npos || is_one_of(name, kConfiguring) ||
         is_one_of(relative.extension().string(), kConfiguring);
}

CleanCopy find_leftovers(const std::string& folder) {
  CleanCopy clean;
  auto listed = os::run_program({"git", "-C", folder, "ls-files", "--others", "--ignored",
                                 "--exclude-standard", "--directory", "-z"},
                                kGitMs);
  if (!listed || listed->status != 0) {
    find_recognised(folder, clean);
    return clean;
  }
  const std::string& text = listed->output;
  for (size_t at = 0, end = 0; (end = text.find('\0', at)) != std::string::npos; at = end + 1) {
    const std::string relative = text.substr(at, end - at);
    fs::path path = (fs::path(folder) / relative).lexically_normal();
    if (!path.has_filename()) {
      path = path.parent_path();
    }
    if (is_below(folder, path)) {
      find_recognised(folder, clean);  // the folder itself is ignored: git says nothing of it
      continue;
    }
    if (!is_wanted_though_ignored(relative)) {
      clean.ignored.push_back(path);
    } else if (path.filename() == "node_modules") {
      add_caches_of_dependencies(path, clean);
    }
  }
  return clean;
}

bool is_tracked(const std::string& top, const std::string& path) {
  auto listed = os::run_program({"git", "-C", top, "ls-files", "-z", "--", path}, kGitMs);
  return listed && listed->status == 0 && !listed->output.empty();
}

std::vector<std::string> begin_clean(const std::vector<std::string>& build,
                                     const std::vector<std::string>& remove,
                                     const std::vector<std::string>& empty) {
  // Paths and command are arguments: no quoting.
  static constexpr const char* kScript =
      "n=$1; shift; "
      "while [ $n -gt 0 ]; do rm -rf -- \"$1\" || exit 125; shift; n=$((n-1)); done; "
      "n=$1; shift; "
      "while [ $n -gt 0 ]; do if [ -d \"$1\" ]; then rm -rf -- \"$1\" && mkdir -- \"$1\" || exit "
      "125; "
      "else rm -f -- \"$1\"; fi; shift; n=$((n-1)); done; "
      "exec \"$@\"";
  std::vector<std::string> command = {"sh", "-c", kScript, "sh"};
  for (const auto* list : {&remove, &empty}) {
    command.push_back(std::to_string(list->size()));
    command.insert(command.end(), list->begin(), list->end());
  }
  command.insert(command.end(), build.begin(), build.end());
  return command;
}

}  // namespace relapse::env
