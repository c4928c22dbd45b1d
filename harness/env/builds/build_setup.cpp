#include "builds/build_setup.h"

#include <algorithm>
#include <filesystem>

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

// Folders elsewhere that the folder refers to by a link: node_modules kept in one place for many
// work trees, say. Bundlers write into them.
void show_linked_folders(const std::string& folder, const std::string& top,
                         std::vector<model::WorldMount>& mounts) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    std::error_code broken;
    if (!entry.is_symlink(broken)) {
      continue;
    }
    const std::string real = fs::canonical(entry.path(), broken);
    const bool inside = (real + "/").starts_with(top + "/") || (top + "/").starts_with(real + "/");
    if (!broken && !inside && fs::is_directory(real, broken)) {
      mounts.push_back({real, real, true});
    }
  }
}

}  // namespace

BuildSetup prepare_build(const std::string& folder, const Environment& caller,
                         const std::vector<std::string>& tried,
                         const std::vector<std::string>& outputs) {
  BuildSetup setup;
  setup.folder = folder;
  setup.base = clean_environment(caller, tried);
  auto home = setup.base.find("HOME");
  setup.mounts = tool_mounts(setup.base, home == setup.base.end() ? "" : home->second);
  const std::string top = work_tree_of(folder);
  if (top != folder) {
    setup.mounts.push_back({top, top, true});
  }
  show_linked_folders(folder, top, setup.mounts);
  setup.clean = find_leftovers(folder);
  for (const auto& output : outputs) {
    fs::path path = (fs::path(folder) / output).lexically_normal();
    if (!path.has_filename()) {
      path = path.parent_path();
    }
    setup.outputs.push_back(path);
    if (!is_tracked(top, path)) {
      setup.clean.outputs.push_back(path);
    }
  }
  return setup;
}

std::vector<std::string> command_of(const std::vector<std::string>& words) {
  const bool is_line = words.size() == 1 && words.front().find(' ') != std::string::npos;
  return is_line ? std::vector<std::string>{"sh", "-c", words.front()} : words;
}

}  // namespace relapse::env
