#pragma once
// mount(2) and its relatives, with errors that name what was mounted where.

#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::os {

model::Result<> mount_new(const std::string& type, const std::string& target,
                          const std::string& options, unsigned long flags);
model::Result<> bind(const std::string& source, const std::string& target);
model::Result<> bind_recursive(const std::string& source, const std::string& target);

// Changes the mount at `target` alone to read-only. Inside a user namespace the kernel insists
// on flags that were inherited (mount_namespaces(7), "locked"), so they are kept.
model::Result<> make_read_only(const std::string& target);

// No mount event passes between this namespace and any other from here on.
model::Result<> make_private_recursive(const std::string& target);

// pivot_root(2), "." on ".": `folder` becomes /, the old root goes away lazily or, where
// `old_root` (below `folder`) is given, stays visible there.
model::Result<> change_root(const std::string& folder, const std::string& old_root);

struct MountPoint {
  std::string target;
  std::string type;
};
// /proc/self/mountinfo in its order (parents first).
model::Result<std::vector<MountPoint>> mount_points();

// All missing parents too; an existing folder is fine.
model::Result<> make_folders(const std::string& path, unsigned mode = 0755);

}  // namespace relapse::os
