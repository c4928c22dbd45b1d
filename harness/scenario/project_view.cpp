#include "scenario/project_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>

#include "os/files.h"
#include "os/run_program.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

constexpr int kPatchLimitMs = 10'000;  // git on a cold disk

bool is_no_source(const fs::path& path) {
  return path.filename() == "node_modules" || path.filename() == ".git";
}

// Every file and link of the project, by its path relative to it, sorted.
Result<std::vector<fs::path>> sources_of(const fs::path& folder) {
  std::vector<fs::path> sources;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    if (is_no_source(it->path())) {
      it.disable_recursion_pending();
    } else if (!it->is_directory() || it->is_symlink()) {
      sources.push_back(it->path().lexically_relative(folder));
    }
  }
  if (error) {
    return model::system_error("list " + folder.string(), error.value());
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

Result<> copy_sources(const fs::path& from, const fs::path& to) {
  auto sources = sources_of(from);
  if (!sources) {
    return sources.error();
  }
  std::error_code error;
  for (const auto& source : *sources) {
    fs::create_directories((to / source).parent_path(), error);
    fs::copy(from / source, to / source, fs::copy_options::copy_symlinks, error);
    if (error) {
      return model::system_error("copy " + (from / source).string(), error.value());
    }
  }
  return model::Done{};
}

// The files that a patch writes, as its headers say.
Result<std::set<std::string>> files_of_patch(const std::string& patch) {
  auto text = os::read_file(patch);
  if (!text) {
    return text.error();
  }
  std::set<std::string> files;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("+++ ")) {
      const std::string path = line.substr(4, line.find('\t') - 4);
      if (!path.starts_with("b/")) {
        return Error{ErrorKind::kScenario, fmt::format("{} takes a file away", patch),
                     "a patch of a project changes files and adds some"};
      }
      files.insert(path.substr(2));
    }
  }
  return files;
}

Result<> apply_patch(const std::string& patch, const std::string& folder) {
  auto applied =
      os::run_program({"git", "-C", folder, "apply", "--whitespace=nowarn", patch}, kPatchLimitMs);
  if (!applied) {
    return applied.error();
  }
  if (applied->status != 0) {
    return Error{ErrorKind::kScenario, fmt::format("{} does not fit the project", patch),
                 fmt::format("git -C PROJECT apply {}", patch)};
  }
  return model::Done{};
}

}  // namespace

Result<ProjectView> open_project(const std::string& folder, const std::vector<std::string>& patches,
                                 const std::string& scratch) {
  ProjectView view{folder, folder, {}};
  if (patches.empty()) {
    return view;
  }
  view.sources = scratch + "/sources";
  RELAPSE_TRY(copy_sources(folder, view.sources));
  std::set<std::string> changed;
  for (const auto& patch : patches) {
    RELAPSE_TRY(apply_patch(patch, view.sources));
    auto files = files_of_patch(patch);
    if (!files) {
      return files.error();
    }
    changed.merge(*files);
  }
  for (const auto& file : changed) {
    auto content = os::read_file(fs::path(view.sources) / file);
    if (!content) {
      return content.error();
    }
    const auto mode =
        static_cast<unsigned>(fs::status(fs::path(view.sources) / file).permissions());
    view.changes.push_back(
        {model::WorldFile::Kind::kFile, folder + "/" + file, *std::move(content), mode});
  }
  return view;
}

Result<std::string> sha256_of_project(const std::string& folder) {
  auto sources = sources_of(folder);
  if (!sources) {
    return sources.error();
  }
  std::string all;
  for (const auto& source : *sources) {
    std::error_code error;
    if (!fs::is_regular_file(fs::path(folder) / source, error)) {
      continue;
    }
    auto hash = os::sha256_of_file(fs::path(folder) / source);
    if (!hash) {
      return hash.error();
    }
    all += *hash + " " + source.string() + "\n";
  }
  return os::sha256_of_text(all);
}

}  // namespace relapse::run
