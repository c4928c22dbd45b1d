#pragma once
// Reads and copies what lies in a folder that somebody hostile may have written, and may still be
// writing: no link is followed, no device or FIFO is opened, and the amount is bounded.

#include <cstdint>
#include <optional>
#include <string>

#include "model/file_tree.h"
#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

// More than a subject should leave behind, and no more than what a minute can read. What exceeds
// them is an error, so that nobody judges a half of a tree.
struct TreeLimits {
  std::uint64_t entries = 200'000;
  std::uint64_t bytes = std::uint64_t{2} << 30;
  int depth = 128;  // a descriptor is open for each level
};

// The folder at `path`, resolved as for somebody who lives in `root`: no link, absolute or not,
// leads out of it. nullopt where nothing is there, or no folder.
model::Result<std::optional<Fd>> open_folder_in(const Fd& root, const std::string& path);

// What disappears while it is read is not in the tree. Folders that only show the kernel's state
// (proc, sysfs and the like) count as empty.
model::Result<model::FileTree> read_file_tree(const Fd& folder, const TreeLimits& limits = {});

// The same, with a copy of it in `to`, which must not exist yet; its parents are made. Neither
// owners, nor setuid bits, nor anything but files, folders and links is copied; of folders the
// copy is always open to us, so that it can be removed again.
model::Result<model::FileTree> copy_file_tree(const Fd& folder, const std::string& to,
                                              const TreeLimits& limits = {});

}  // namespace relapse::os
