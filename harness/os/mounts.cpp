#include "os/mounts.h"

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <sstream>

namespace relapse::os {

using model::Done;
using model::Result;
using model::system_error;

namespace {

Result<> raw_mount(const char* source, const std::string& target, const char* type,
                   unsigned long flags, const char* options) {
  if (::mount(source, target.c_str(), type, flags, options) != 0) {
    return system_error(fmt::format("mount {} on {}", source, target), errno);
  }
  return Done{};
}

// statvfs(3) shows a mount's flags in bits of its own.
constexpr std::array<std::pair<unsigned long, unsigned long>, 6> kKeptFlags = {{
    {ST_NOSUID, MS_NOSUID},
    {ST_NODEV, MS_NODEV},
    {ST_NOEXEC, MS_NOEXEC},
    {ST_NOATIME, MS_NOATIME},
    {ST_NODIRATIME, MS_NODIRATIME},
    {ST_RELATIME, MS_RELATIME},
}};

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

Result<> mount_new(const std::string& type, const std::string& target, const std::string& options,
                   unsigned long flags) {
  return raw_mount(type.c_str(), target, type.c_str(), flags, options.c_str());
}

Result<> bind(const std::string& source, const std::string& target) {
  return raw_mount(source.c_str(), target, nullptr, MS_BIND, nullptr);
}

Result<> bind_recursive(const std::string& source, const std::string& target) {
  return raw_mount(source.c_str(), target, nullptr, MS_BIND | MS_REC, nullptr);
}

Result<> make_read_only(const std::string& target) {
  struct statvfs now {};
  if (::statvfs(target.c_str(), &now) != 0) {
    return system_error("statvfs " + target, errno);
  }
  unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
  for (auto [is, keep] : kKeptFlags) {
    if ((now.f_flag & is) != 0) {
      flags |= keep;
    }
  }
  return raw_mount("none", target, nullptr, flags, nullptr);
}

Result<> make_private_recursive(const std::string& target) {
  return raw_mount("none", target, nullptr, MS_REC | MS_PRIVATE, nullptr);
}

Result<> change_root(const std::string& folder, const std::string& old_root) {
  if (::chdir(folder.c_str()) != 0) {
    return system_error("chdir " + folder, errno);
  }
  const std::string old = old_root.empty() ? "." : old_root.substr(folder.size() + 1);
  if (::syscall(SYS_pivot_root, ".", old.c_str()) != 0) {
    return system_error("pivot_root " + folder, errno);
  }
  if (old_root.empty() && ::umount2(".", MNT_DETACH) != 0) {
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
    std::istringstream(line.substr(dash + 3)) >> point.type;
    point.target = unescape(point.target);
    points.push_back(std::move(point));
  }
  return points;
}

Result<> make_folders(const std::string& path, unsigned mode) {
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    std::string part = path.substr(0, end);
    if (!part.empty() && ::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      struct stat found {};
      // EROFS and EACCES come before EEXIST is looked at: the folder may be there all the same.
      if (::stat(part.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) {
        return system_error("mkdir " + part, errno);
      }
    }
    if (end == std::string::npos) {
      return Done{};
    }
  }
}

}  // namespace relapse::os
