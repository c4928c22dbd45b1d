#include "world/zygote/world_init.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "model/error_json.h"
#include "os/cgroup.h"
#include "os/message.h"
#include "os/mounts.h"
#include "world/zygote/orders.h"
#include "world/zygote/subject_start.h"
#include "world/zygote/world_files.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::Result;
using model::system_error;
using model::WorldSpec;

namespace {

// Before the change to the subject's user, for which the subject's own process has no privilege
// left; our own capabilities do not depend on it.
Result<> empty_bounding_set() {
  for (int capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    // A kernel older than our headers does not know the last ones.
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EINVAL) {
      return system_error("empty the bounding set of capabilities", errno);
    }
  }
  return Done{};
}

Result<> mount_proc(bool as_root) {
  auto mounted = os::mount_new("proc", "/proc", "", MS_NOSUID | MS_NODEV | MS_NOEXEC);
  if (!mounted) {
    mounted.error().kind = model::ErrorKind::kUnavailable;
    mounted.error().remedy = "relapse doctor says what is missing";
    return mounted;
  }
  if (as_root) {
    return Done{};  // the settings belong to the host's root, whom the map does not give
  }
  // The network namespace belongs to the very user that the subject runs as.
  RELAPSE_TRY(os::bind("/proc/sys", "/proc/sys", os::Depth::kAlone));
  return os::make_read_only("/proc/sys");
}

// What every world of this shape has.
Result<> build_world(const WorldShape& shape) {
  RELAPSE_TRY(mount_private_folders(shape));
  RELAPSE_TRY(os::mount_new("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620",
                            MS_NOSUID | MS_NOEXEC));
  RELAPSE_TRY(mount_proc(shape.as_root));
  RELAPSE_TRY(make_user_folders(shape.home, shape.uid));
  if (::sethostname(shape.host_name.c_str(), shape.host_name.size()) != 0) {
    return system_error("sethostname", errno);
  }
  return Done{};
}

// From the zygote's identity and groups to the world's own.
Result<> settle(const WorldInit& init) {
  for (const auto& group : init.groups) {
    if (::write(group.get(), "0", 1) != 1) {
      return system_error("join the world's control group", errno);
    }
  }
  const unsigned id = init.shape.as_root ? 0 : init.shape.uid;
  if (::setresgid(id, id, id) != 0 || ::setresuid(id, id, id) != 0) {
    return system_error("take the world's user", errno);
  }
  ::umask(022);
  (void)::prctl(PR_SET_NAME, "relapse-init");  // a courtesy to those who read process lists
  // What one subject leaves in a session keyring must not reach the next. A kernel without
  // keyrings has nothing to part.
  (void)::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  // The group is known only now, so the namespace that shows it as / is made only now.
  if (::unshare(CLONE_NEWCGROUP) != 0) {
    return system_error("unshare cgroup namespace", errno);
  }
  return empty_bounding_set();
}

Result<os::Fd> watch_children() {
  sigset_t deaths;
  sigemptyset(&deaths);
  sigaddset(&deaths, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &deaths, nullptr);
  os::Fd fd(::signalfd(-1, &deaths, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) {
    return system_error("signalfd", errno);
  }
  return fd;
}

[[noreturn]] void fail(const os::Fd& control, const Error& error) {
  nlohmann::json event = {{"event", "failed"}, {"error", model::to_json(error)}};
  (void)os::send_message(control.get(), event.dump());  // nobody is left to tell
  ::_exit(1);
}

struct Living {
  os::Fd control;
  os::Fd deaths;
  os::Fd memory_events;
  int subject = -1;
  int command = -1;  // started beside the subject; -1: none lives
};

// Reaps whatever dies in the world; the subject's own end is reported with what it used.
void reap(Living& world) {
  int status = 0;
  rusage used{};
  for (int pid = 0; (pid = ::wait4(-1, &status, WNOHANG, &used)) > 0;) {
    if (pid == world.command) {
      world.command = -1;
      const nlohmann::json event = {{"event", "command-exited"}, {"status", status}};
      (void)os::send_message(world.control.get(), event.dump());
      continue;
    }
    if (pid != world.subject) {
      continue;
    }
    const auto micros = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 +
                        used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    nlohmann::json event = {{"event", "exited"},
                            {"status", status},
                            {"oom", os::oom_kills(world.memory_events) > 0},
                            {"cpu_ms", static_cast<double>(micros) / 1000},
                            {"memory_max_kib", used.ru_maxrss}};
    // A gone supervisor shows in poll.
    (void)os::send_message(world.control.get(), event.dump());
  }
}

// A command beside the subject.
Result<int> start_command(const Living& world, os::Message request) {
  constexpr size_t kFds = 4;  // a description, and three streams
  if (request.fds.size() != kFds || world.command != -1) {
    return Error{model::ErrorKind::kSystem, "the order for a command in the world is garbled"};
  }
  auto spec = read_description(request.fds[0]);
  if (!spec) {
    return spec.error();
  }
  std::array<os::Fd, 3> stdio;
  std::move(request.fds.begin() + 1, request.fds.end(), stdio.begin());
  auto started = start_subject(*spec, stdio, world.control, !world.memory_events.valid());
  if (!started) {
    return started.error();
  }
  return started->pid;
}

// The supervisor says one thing here, or closes: then the world ends.
void obey(Living& world) {
  auto request = os::receive_message(world.control.get());
  if (!request || !request->has_value()) {
    ::_exit(0);
  }
  auto pid = start_command(world, std::move(**request));
  if (pid) {
    world.command = *pid;
    return;
  }
  const nlohmann::json event = {{"event", "command-failed"},
                                {"error", model::to_json(pid.error())}};
  (void)os::send_message(world.control.get(), event.dump());
}

[[noreturn]] void serve(Living world) {
  reap(world);  // the subject may have ended before anybody watched
  for (;;) {
    std::array<pollfd, 2> waits = {
        {{world.control.get(), POLLIN, 0}, {world.deaths.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
      ::_exit(1);
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)!::read(world.deaths.get(), &info, sizeof(info));  // a hint; wait4 tells the rest
      reap(world);
    }
    if (waits[0].revents != 0) {
      obey(world);
    }
  }
}

// The first half: before anybody has asked for this very world.
Result<> make_ready(WorldInit& init) {
  std::vector<int> keep = {init.orders.get(), init.memory_events.get()};
  for (const auto& group : init.groups) {
    keep.push_back(group.get());
  }
  RELAPSE_TRY(os::close_all_but(keep));
  auto go = os::receive_message(init.orders.get());
  if (!go || !go->has_value()) {
    ::_exit(1);  // the zygote has given up, and says why itself
  }
  RELAPSE_TRY(settle(init));
  init.groups.clear();
  return build_world(init.shape);
}

Result<StartedSubject> fulfil(const Orders& orders, const WorldSpec& spec, bool limit_memory) {
  RELAPSE_TRY(mount_given(spec, orders.sources.mounts));
  RELAPSE_TRY(make_files(spec, orders.sources.copies));
  RELAPSE_TRY(make_user_folders(spec.folder, spec.uid));
  auto subject = start_subject(spec, orders.request.stdio, orders.request.control, limit_memory);
  if (subject && spec.control.fifo_priority > 0) {
    // The zygote may have lent us the subject's scheduling policy, for the subject to inherit.
    const sched_param normal{};
    (void)::sched_setscheduler(0, SCHED_OTHER, &normal);
  }
  return subject;
}

}  // namespace

WorldShape shape_of(const WorldSpec& spec, bool as_root) {
  return {spec.host_name,
          spec.user,
          spec.uid,
          spec.home,
          spec.limits.disk_bytes,
          spec.limits.memory_bytes,
          spec.limits.processes,
          as_root};
}

void run_world_init(WorldInit init) {
  const auto ready = make_ready(init);
  auto deaths = watch_children();
  auto received = receive_orders(init.orders);
  if (!received || !received->has_value()) {
    ::_exit(1);
  }
  Orders orders = std::move(**received);
  Living world;
  world.control = std::move(orders.request.control);
  orders.request.control = os::Fd(world.control.get());  // lent
  init.orders.reset();
  if (!ready || !deaths) {
    fail(world.control, ready ? deaths.error() : ready.error());
  }
  auto spec = read_description(orders.request.description);
  if (!spec) {
    fail(world.control, spec.error());
  }
  auto subject = fulfil(orders, *spec, !init.memory_events.valid());
  if (!subject) {
    fail(world.control, subject.error());
  }
  (void)orders.request.control.release();
  orders = {};  // the far ends of the streams must see the subject's end, not ours
  const nlohmann::json started = {{"event", "started"}, {"pid", subject->pid}};
  if (!os::send_message(world.control.get(), started.dump(), {subject->pidfd.get()})) {
    ::_exit(1);
  }
  subject->pidfd.reset();
  world.deaths = std::move(*deaths);
  world.memory_events = std::move(init.memory_events);
  world.subject = subject->pid;
  serve(std::move(world));
}

}  // namespace relapse::world
