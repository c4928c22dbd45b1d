#include "os/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>

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

// Whether groups below `folder` get the controller, after we have asked for it where we may.
bool hands_on(const Fd& folder, const std::string& path, const std::string& controller) {
  return has_word(path + "/cgroup.controllers", controller) &&
         (has_word(path + "/cgroup.subtree_control", controller) ||
          write_at(folder.get(), "cgroup.subtree_control", "+" + controller).ok());
}

// "PREFIX.PID.START.…": whose group it is. Zeros where the name is none of ours.
struct Maker {
  int pid = 0;
  std::uint64_t started = 0;
};

Maker maker_of(std::string_view name, const std::string& prefix) {
  Maker maker;
  if (!name.starts_with(prefix + ".")) {
    return maker;
  }
  const char* end = name.data() + name.size();
  auto pid = std::from_chars(name.data() + prefix.size() + 1, end, maker.pid);
  if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != '.') {
    return {};
  }
  auto started = std::from_chars(pid.ptr + 1, end, maker.started);
  return started.ec == std::errc() ? maker : Maker{};
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
  std::string state;
  std::string skipped;
  fields >> state;
  // Field 22 of the line; the name was field 2, the state field 3.
  for (int field = 4; field < 22; ++field) {
    fields >> skipped;
  }
  std::uint64_t ticks = 0;
  fields >> ticks;
  return state == "Z" || state == "X" ? 0 : ticks;
}

Cgroup::~Cgroup() {
  remove();
}

Result<Cgroup::Entrance> Cgroup::open_entrance() const {
  Entrance entrance;
  for (const Part& part : parts_) {
    const std::string path = part.v2 ? part.name : part.name + "/tasks";
    Fd fd(::openat(part.parent, path.c_str(),
                   (part.v2 ? O_RDONLY | O_DIRECTORY : O_WRONLY) | O_CLOEXEC));
    if (!fd.valid()) {
      return system_error("open " + path, errno);
    }
    if (part.v2) {
      entrance.into = std::move(fd);
    } else {
      entrance.tasks.push_back(std::move(fd));
    }
  }
  return entrance;
}

bool Cgroup::remove() {
  std::erase_if(parts_, [](const Part& part) {
    return ::unlinkat(part.parent, part.name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
  });
  return parts_.empty();
}

Fd Cgroup::open_memory_events() const {
  for (const Part& part : parts_) {
    if (part.memory_events != nullptr) {
      return Fd(::openat(part.parent, (part.name + "/" + part.memory_events).c_str(),
                         O_RDONLY | O_CLOEXEC));
    }
  }
  return Fd();
}

std::uint64_t oom_kills(const Fd& memory_events) {
  std::array<char, 1024> text{};
  const ssize_t size =
      memory_events.valid() ? ::pread(memory_events.get(), text.data(), text.size(), 0) : 0;
  std::istringstream lines(std::string(text.data(), size > 0 ? static_cast<size_t>(size) : 0));
  std::string name;
  std::uint64_t value = 0;
  while (lines >> name >> value) {
    if (name == "oom_kill") {
      return value;
    }
  }
  return 0;
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

// A controller counts once: on a host with both versions it belongs to one of them.
void CgroupParents::add(Parent parent) {
  parent.memory = parent.memory && !memory_;
  parent.processes = parent.processes && !processes_;
  if (parent.memory || parent.processes) {
    memory_ = memory_ || parent.memory;
    processes_ = processes_ || parent.processes;
    parents_.push_back(std::move(parent));
  }
}

void CgroupParents::add_v1(const std::string& mount, const std::string& controller) {
  Parent parent;
  parent.path = own_folder(mount, controller);
  parent.folder = Fd(::open(parent.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (parent.folder.valid() && usable(parent.path)) {
    parent.memory = controller == "memory";
    parent.processes = controller == "pids";
    add(std::move(parent));
  }
}

void CgroupParents::add_v2(const std::string& mount) {
  // A group with members cannot hand controllers on ("no internal processes"), so ours are made
  // where there are none: at the root as root, else beside the group that we are in (what
  // systemd delegates to a user), and only then in it.
  const std::string own = own_folder(mount, "");
  for (const std::string& path : {mount, std::filesystem::path(own).parent_path().string(), own}) {
    Parent parent;
    parent.v2 = true;
    parent.path = path;
    parent.folder = Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!path.starts_with(mount) || !parent.folder.valid() || !usable(path)) {
      continue;
    }
    parent.memory = hands_on(parent.folder, path, "memory");
    parent.processes = hands_on(parent.folder, path, "pids");
    if (parent.memory || parent.processes) {
      add(std::move(parent));
      return;
    }
  }
}

Result<Cgroup> CgroupParents::make(const std::string& name, const CgroupLimits& limits) const {
  Cgroup group;
  for (const Parent& parent : parents_) {
    const int folder = parent.folder.get();
    if (::mkdirat(folder, name.c_str(), 0755) != 0) {
      return system_error(fmt::format("mkdir {}/{}", parent.path, name), errno);
    }
    group.parts_.push_back({folder, name, parent.v2, nullptr});
    if (parent.memory) {
      const std::string bytes = std::to_string(limits.memory_bytes);
      RELAPSE_TRY(
          write_at(folder, name + (parent.v2 ? "/memory.max" : "/memory.limit_in_bytes"), bytes));
      // Kernels that do not count swap have no such file; then there is nothing to limit.
      (void)write_at(folder,
                     name + (parent.v2 ? "/memory.swap.max" : "/memory.memsw.limit_in_bytes"),
                     parent.v2 ? "0" : bytes);
      group.parts_.back().memory_events = parent.v2 ? "memory.events" : "memory.oom_control";
    }
    if (parent.processes) {
      RELAPSE_TRY(write_at(folder, name + "/pids.max", std::to_string(limits.processes)));
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
      const Maker maker = maker_of(entry->d_name, prefix);
      if (maker.pid > 0 && start_ticks(maker.pid) != maker.started) {
        // A group with members stays: they are dying, and the next sweep takes it.
        (void)::unlinkat(parent.folder.get(), entry->d_name, AT_REMOVEDIR);
      }
    }
  }
}

}  // namespace relapse::os
