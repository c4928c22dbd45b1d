#include "world/zygote/sources.h"

#include <fcntl.h>

#include <algorithm>

#include "os/mounts.h"

namespace relapse::world {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::WorldFile;

namespace {

Error lacking(const Error& cause, const std::string& what) {
  return {ErrorKind::kUnavailable, what + ": " + cause.message,
          "is it there, and may the user who runs relapse reach it?"};
}

}  // namespace

bool needs_sources(const model::WorldSpec& spec) {
  return !spec.mounts.empty() ||
         std::any_of(spec.files.begin(), spec.files.end(), [](const WorldFile& file) {
           return file.kind == WorldFile::Kind::kCopyOfTree;
         });
}

Result<Sources> fetch_sources(const model::WorldSpec& spec) {
  Sources sources;
  for (const auto& mount : spec.mounts) {
    auto tree = os::clone_tree(mount.source, os::Depth::kWithSubmounts, os::Access::kReadOnly);
    if (!tree) {
      return lacking(tree.error(), "what the world should show at " + mount.target);
    }
    sources.mounts.push_back(std::move(*tree));
  }
  for (const auto& file : spec.files) {
    if (file.kind != WorldFile::Kind::kCopyOfTree) {
      continue;
    }
    auto folder = os::open_fd(file.content, O_RDONLY | O_DIRECTORY);
    if (!folder) {
      return lacking(folder.error(), "what the world should have copied to " + file.path);
    }
    sources.copies.push_back(std::move(*folder));
  }
  return sources;
}

}  // namespace relapse::world
