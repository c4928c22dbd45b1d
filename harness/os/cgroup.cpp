#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>

#include "os/mounts.h"

namespace relapse::os {

using model::Done;
using model::Result;
using model::system_error;

namespace {

Result<> write_at(int folder, const std::string& name, const std::string& text) {
  Fd file(::openat(folder, name.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid()) {
    return system_error("open " + name, errno);
  }
  if (::write(file.get(), text.data(), text.size()) < 0) {
    return system_error(fmt::format("write '{}' to {}", text, name), errno);
  }
  return Done{};
}

bool usable(const std::string& folder) {
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

// The lines of /proc/self/cgroup: "8:pids:/path"; v2 has no controller between the colons.
std::string own_path(const std::string& controller) {
  std::ifstream table("/proc/self/cgroup");
  for (std::string line; std::getline(table, line);) {
    size_t first = line.find(':');
    size_t second = line.find(':', first + 1);
    if (second == std::string::npos) {
      continue;
    }
    std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    bool found = controller.empty() ? names == ",,"
                                    : names.find("," + controller + ",") != std::string::npos;
    if (found) {
      return line.substr(second + 1);
    }
  }
  return "/";
}

bool has_word(const std::string& path, const std::string& word) {
  std::ifstream file(path);
  std::string found;
  while (file >> found) {
    if (found == word) {
      return true;
    }
  }
  return false;
}

// A container may show the hierarchy from another root than the one that /proc tells.
std::string own_folder(const std::string& mount, const std::string& controller) {
  std::string folder = mount + own_path(controller);
  return usable(folder) ? folder : mount;
}

}  // namespace

std::uint64_t start_ticks(int pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  std::getline(file, line);
  size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) {
    return 0;
  }
  std::istringstream fields(line.substr(name_end + 1));
  std::string skipped;
  // Field 22 of the line; the name was field 2.
  for (int field = 3; field < 22; ++field) {
    fields >> skipped;
  }
  std::uint64_t ticks = 0;
  fields >> ticks;
  return ticks;
}

Cgroup::~Cgroup() {
  remove();
}

Result<> Cgroup::add(int pid) {
  for (const Part& part : parts_) {
    auto written = write_at(part.parent, part.name + "/cgroup.procs", std::to_string(pid));
    if (!written) {
      return written;
    }
  }
  return Done{};
}

bool Cgroup::remove() {
  std::erase_if(parts_, [](const Part& part) {
    return ::unlinkat(part.parent, part.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  });
  return parts_.empty();
}

CgroupParents CgroupParents::find() {
  CgroupParents found;
  auto mounts = mount_points();
  if (!mounts) {
    return found;
  }
  for (const MountPoint& mount : *mounts) {
    if (mount.type == "cgroup2") {
      found.add_v2(mount.target);
    } else if (mount.type == "cgroup") {
      std::string names = "," + mount.options + ",";
      for (const char* controller : {"memory", "pids"}) {
        if (names.find(fmt::format(",{},", controller)) != std::string::npos) {
          found.add_v1(mount.target, controller);
        }
      }
    }
  }
  return found;
}

void CgroupParents::add_v1(const std::string& mount, const std::string& controller) {
  Parent parent;
  parent.path = own_folder(mount, controller);
  parent.memory = controller == "memory";
  parent.processes = controller == "pids";
  bool known = (parent.memory && memory_) || (parent.processes && processes_);
  parent.folder = Fd(::open(parent.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (known || !usable(parent.path) || !parent.folder.valid()) {
    return;
  }
  memory_ = memory_ || parent.memory;
  processes_ = processes_ || parent.processes;
  parents_.push_back(std::move(parent));
}

void CgroupParents::add_v2(const std::string& mount) {
  // A group with members cannot hand controllers on ("no internal processes"), so the groups
  // are made beside ours where that is allowed: at the mount's root as root, else in ours.
  std::string folder = usable(mount) ? mount : own_folder(mount, "");
  Parent parent;
  parent.v2 = true;
  parent.path = folder;
  parent.folder = Fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!usable(folder) || !parent.folder.valid()) {
    return;
  }
  for (const char* controller : {"memory", "pids"}) {
    if (!has_word(folder + "/cgroup.controllers", controller)) {
      continue;
    }
    bool handed_on =
        has_word(folder + "/cgroup.subtree_control", controller) ||
        write_at(parent.folder.get(), "cgroup.subtree_control", fmt::format("+{}", controller))
            .ok();
    (controller[0] == 'm' ? parent.memory : parent.processes) = handed_on;
  }
  parent.memory = parent.memory && !memory_;
  parent.processes = parent.processes && !processes_;
  if (parent.memory || parent.processes) {
    memory_ = memory_ || parent.memory;
    processes_ = processes_ || parent.processes;
    parents_.push_back(std::move(parent));
  }
}

Result<Cgroup> CgroupParents::make(const std::string& name, const CgroupLimits& limits) const {
  Cgroup group;
  for (const Parent& parent : parents_) {
    int folder = parent.folder.get();
    if (::mkdirat(folder, name.c_str(), 0755) != 0) {
      return system_error(fmt::format("mkdir {}/{}", parent.path, name), errno);
    }
    group.parts_.push_back({folder, name});
    Result<> written = Done{};
    if (parent.memory) {
      written = write_at(folder, name + (parent.v2 ? "/memory.max" : "/memory.limit_in_bytes"),
                         std::to_string(limits.memory_bytes));
    }
    if (written && parent.processes) {
      written = write_at(folder, name + "/pids.max", std::to_string(limits.processes));
    }
    if (!written) {
      return written.error();
    }
  }
  return group;
}

void CgroupParents::sweep(const std::string& prefix) const {
  for (const Parent& parent : parents_) {
    std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(parent.path.c_str()), ::closedir);
    if (!folder) {
      continue;
    }
    while (const dirent* entry = ::readdir(folder.get())) {
      int pid = 0;
      unsigned long long started = 0;
      std::string pattern = prefix + ".%d.%llu";
      if (std::sscanf(entry->d_name, pattern.c_str(), &pid, &started) == 2 &&
          start_ticks(pid) != started) {
        ::unlinkat(parent.folder.get(), entry->d_name, AT_REMOVEDIR);
      }
    }
  }
}

}  // namespace relapse::os
