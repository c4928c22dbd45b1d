#include "world/zygote/world_clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "os/message.h"

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

Result<> map_users(int proc, int pid, const WorldShape& shape) {
  for (const char* name : {"uid_map", "gid_map"}) {
    if (!shape.as_root) {
      RELAPSE_TRY(write_map(proc, pid, name, fmt::format("{} 0 1", shape.uid)));
      continue;
    }
    // All ordinary users, so that the host's files keep their owners; where we are root of less
    // (a container), the two that are needed.
    if (!write_map(proc, pid, name, "0 0 65536")) {
      RELAPSE_TRY(write_map(proc, pid, name, fmt::format("0 0 1\n{0} {0} 1", shape.uid)));
    }
  }
  return Done{};
}

Result<> settle_child(Cloned& child, int proc, const WorldShape& shape) {
  RELAPSE_TRY(map_users(proc, child.pid, shape));
  const std::string path = fmt::format("{}/ns/mnt", child.pid);
  child.mounts = os::Fd(::openat(proc, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!child.mounts.valid()) {
    return system_error("open /proc/" + path, errno);
  }
  return os::send_message(child.orders.get(), "go");
}

}  // namespace

Result<Cloned> clone_world(const WorldShape& shape, const os::Cgroup& group, int proc) {
  auto orders = os::make_socket_pair(SOCK_SEQPACKET);
  auto entrance = group.open_entrance();
  if (!orders || !entrance) {
    return orders ? entrance.error() : orders.error();
  }
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
  WorldInit init{shape, std::move(orders->second), std::move(entrance->tasks),
                 group.open_memory_events()};
  const long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) {
    model::Error error = system_error("make a world's namespaces", errno);
    error.kind = model::ErrorKind::kUnavailable;
    error.remedy = "relapse doctor says what is missing";
    return error;
  }
  if (pid == 0) {
    run_world_init(std::move(init));
  }
  Cloned cloned{static_cast<int>(pid), os::Fd(pidfd), std::move(orders->first), os::Fd()};
  auto settled = settle_child(cloned, proc, shape);
  if (!settled) {
    ::kill(cloned.pid, SIGKILL);
    (void)::waitpid(cloned.pid, nullptr, 0);
    return settled.error();
  }
  return cloned;
}

void lend_policy(int pid, int fifo_priority) {
  if (fifo_priority > 0) {
    sched_param parameter{};
    parameter.sched_priority = fifo_priority;
    (void)::sched_setscheduler(pid, SCHED_FIFO, &parameter);
  }
}

}  // namespace relapse::world
