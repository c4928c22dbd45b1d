#include "os/mounts.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

namespace relapse::os {

using model::Done;
using model::Result;
using model::system_error;

namespace {

// Octal escapes of mountinfo: \040 for a space (proc(5)).
std::string unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool may_mount() {
  const Fd copy(::open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  // Another error is about this mount, and comes only after the permission has been looked at.
  return copy.valid() || errno != EPERM;
}

Result<> mount_new(const std::string& type, const std::string& target, const std::string& options,
                   unsigned long flags) {
  if (::mount(type.c_str(), target.c_str(), type.c_str(), flags, options.c_str()) != 0) {
    return system_error(fmt::format("mount {} on {}", type, target), errno);
  }
  return Done{};
}

Result<> bind(const std::string& source, const std::string& target, Depth depth) {
  const unsigned long recursion = depth == Depth::kWithSubmounts ? MS_REC : 0;
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND | recursion, nullptr) != 0) {
    return system_error(fmt::format("show {} at {}", source, target), errno);
  }
  return Done{};
}

Result<Fd> clone_tree(const std::string& source, Depth depth, Access access) {
  const unsigned recursion = depth == Depth::kWithSubmounts ? AT_RECURSIVE : 0U;
  // A copy must not wake an automounter: the answer may take for ever.
  Fd tree(::open_tree(AT_FDCWD, source.c_str(),
                      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT | recursion));
  if (!tree.valid()) {
    return system_error("open_tree " + source, errno);
  }
  mount_attr change{};
  change.attr_set = access == Access::kReadOnly ? MOUNT_ATTR_RDONLY : 0;
  change.propagation = MS_PRIVATE;
  if (::mount_setattr(tree.get(), "", AT_EMPTY_PATH | recursion, &change, sizeof(change)) != 0) {
    return system_error("mount_setattr of a copy of " + source, errno);
  }
  return tree;
}

Result<> attach_tree(const Fd& tree, const std::string& target) {
  if (::move_mount(tree.get(), "", AT_FDCWD, target.c_str(),
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) != 0) {
    return system_error("move_mount to " + target, errno);
  }
  return Done{};
}

Result<> move_mount(const std::string& source, const std::string& target) {
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_MOVE, nullptr) != 0) {
    return system_error(fmt::format("move the mount {} to {}", source, target), errno);
  }
  return Done{};
}

Result<> make_read_only(const std::string& target) {
  mount_attr change{};
  change.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(AT_FDCWD, target.c_str(), 0, &change, sizeof(change)) != 0) {
    return system_error("mount_setattr read-only " + target, errno);
  }
  return Done{};
}

Result<> make_private() {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return system_error("make all mounts private", errno);
  }
  return Done{};
}

Result<> change_root(const std::string& folder) {
  if (::chdir(folder.c_str()) != 0) {
    return system_error("chdir " + folder, errno);
  }
  if (::syscall(SYS_pivot_root, ".", ".") != 0) {
    return system_error("pivot_root " + folder, errno);
  }
  // The old root now lies on top of the new one.
  if (::umount2(".", MNT_DETACH) != 0) {
    return system_error("umount of the old root", errno);
  }
  if (::chdir("/") != 0) {
    return system_error("chdir /", errno);
  }
  return Done{};
}

Result<std::vector<MountPoint>> mount_points() {
  std::ifstream table("/proc/self/mountinfo");
  if (!table) {
    return system_error("open /proc/self/mountinfo", errno);
  }
  std::vector<MountPoint> points;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string skipped;
    MountPoint point;
    fields >> skipped >> skipped >> skipped >> skipped >> point.target;
    size_t dash = line.find(" - ");
    if (dash == std::string::npos) {
      continue;
    }
    std::istringstream(line.substr(dash + 3)) >> point.type >> skipped >> point.options;
    point.target = unescape(point.target);
    points.push_back(std::move(point));
  }
  return points;
}

Result<> make_folders(const std::string& path, unsigned mode) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    if (!part.empty() && ::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      int cause = errno;
      struct stat found {};
      // EROFS and EACCES come before EEXIST is looked at: the folder may be there all the same.
      if (::stat(part.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
        return system_error("mkdir " + part, cause);
      }
    }
    if (end == std::string::npos) {
      return Done{};
    }
  }
}

}  // namespace relapse::os
