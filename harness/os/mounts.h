#pragma once
// The mount calls of Linux 5.12 and later, with errors that name what was mounted where.

#include <string>
#include <vector>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

// Whether this process may change the mounts of its namespace. Root need not: in a container, or
// in a user namespace without a mount namespace of its own.
bool may_mount();

model::Result<> mount_new(const std::string& type, const std::string& target,
                          const std::string& options, unsigned long flags);

// Alone, or with all that is mounted below. In a user namespace a folder with inherited mounts
// below it can only be shown with them (mount_namespaces(7)).
enum class Depth { kAlone, kWithSubmounts };

// Shows `source` at `target`, both in this mount namespace.
model::Result<> bind(const std::string& source, const std::string& target, Depth depth);

// A copy of what lies at `source`, mounted nowhere yet (open_tree(2)); no mount event passes
// between it and its origin. It may be carried into another mount namespace.
enum class Access { kAsItIs, kReadOnly };
model::Result<Fd> clone_tree(const std::string& source, Depth depth, Access access);
model::Result<> attach_tree(const Fd& tree, const std::string& target);

// Takes a mount from one place to another.
model::Result<> move_mount(const std::string& source, const std::string& target);

// mount_setattr(2); adds read-only and touches no other flag.
model::Result<> make_read_only(const std::string& target);

// No mount event passes between this namespace and any other from here on.
model::Result<> make_private();

// pivot_root(2), "." on ".": `folder` becomes /, and nothing of the old root stays visible.
model::Result<> change_root(const std::string& folder);

struct MountPoint {
  std::string target;
  std::string type;
  std::string options;  // of the file system: for a v1 cgroup its controllers stand here
};
// /proc/self/mountinfo in its order (parents first).
model::Result<std::vector<MountPoint>> mount_points();

// All missing parents too; an existing folder is fine.
model::Result<> make_folders(const std::string& path, unsigned mode = 0755);

}  // namespace relapse::os
