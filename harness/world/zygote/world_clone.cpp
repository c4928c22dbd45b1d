#include "world/zygote/world_clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

namespace relapse::world {

using model::Done;
using model::Result;
using model::system_error;

namespace {

Result<> write_map(int proc, int pid, const char* name, const std::string& text) {
  const std::string path = fmt::format("{}/{}", pid, name);
  os::Fd file(::openat(proc, path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file.valid() ||
      ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_error(fmt::format("write '{}' to /proc/{}", text, path), errno);
  }
  return Done{};
}

Result<> map_users(int proc, int pid, unsigned uid, bool as_root) {
  for (const char* name : {"uid_map", "gid_map"}) {
    if (!as_root) {
      RELAPSE_TRY(write_map(proc, pid, name, fmt::format("{} 0 1", uid)));
      continue;
    }
    // All ordinary users, so that the host's files keep their owners; where we are root of less
    // (a container), the two that are needed.
    if (!write_map(proc, pid, name, "0 0 65536")) {
      RELAPSE_TRY(write_map(proc, pid, name, fmt::format("0 0 1\n{0} {0} 1", uid)));
    }
  }
  return Done{};
}

// In the user namespace of the world no capability would do for it, so it is done from here, and
// the subject inherits it. Where we may not either, the subject tries, and says so.
void lend_policy(int pid, int fifo_priority) {
  if (fifo_priority > 0) {
    sched_param parameter{};
    parameter.sched_priority = fifo_priority;
    (void)::sched_setscheduler(pid, SCHED_FIFO, &parameter);
  }
}

Result<> settle_child(int pid, int proc, const WorldInit& init, const os::Fd& ready) {
  RELAPSE_TRY(map_users(proc, pid, init.spec.uid, init.as_root));
  lend_policy(pid, init.spec.control.fifo_priority);
  const char go = 1;
  if (::write(ready.get(), &go, 1) != 1) {
    return system_error("start PID 1", errno);
  }
  return Done{};
}

}  // namespace

bool is_mapped(unsigned id) {
  for (const char* path : {"/proc/self/uid_map", "/proc/self/gid_map"}) {
    std::ifstream map(path);
    unsigned long first = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    bool found = false;
    while (!found && map >> first >> outside >> count) {
      found = id >= first && id - first < count;
    }
    if (!found) {
      return false;
    }
  }
  return true;
}

Result<Cloned> clone_world(WorldInit init, const os::Cgroup& group, int proc) {
  auto ready = os::make_pipe();
  auto entrance = group.open_entrance();
  if (!ready || !entrance) {
    return ready ? entrance.error() : ready.error();
  }
  init.groups = std::move(entrance->tasks);
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (entrance->into.valid()) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<std::uint64_t>(entrance->into.get());
  }
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) {
    model::Error error = system_error("make a world's namespaces", errno);
    error.kind = model::ErrorKind::kUnavailable;
    error.remedy = "relapse doctor says what is missing";
    return error;
  }
  if (pid == 0) {
    init.ready = std::move(ready->read);
    run_world_init(std::move(init));
  }
  Cloned cloned{static_cast<int>(pid), os::Fd(pidfd)};
  auto settled = settle_child(cloned.pid, proc, init, ready->write);
  if (!settled) {
    ::kill(cloned.pid, SIGKILL);
    (void)::waitpid(cloned.pid, nullptr, 0);
    return settled.error();
  }
  return cloned;
}

}  // namespace relapse::world
