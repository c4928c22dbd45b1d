#include "world/zygote/world_init.h"

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

#include <array>
#include <cerrno>
#include <csignal>

#include "model/error_json.h"
#include "os/cgroup.h"
#include "os/message.h"
#include "os/mounts.h"
#include "world/zygote/subject_start.h"
#include "world/zygote/world_files.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::Result;
using model::system_error;
using model::WorldSpec;

namespace {

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

Result<> build_world(const WorldInit& init) {
  const WorldSpec& spec = init.spec;
  RELAPSE_TRY(mount_private_folders(spec));
  RELAPSE_TRY(os::mount_new("devpts", "/dev/pts", "newinstance,ptmxmode=0666,mode=0620",
                            MS_NOSUID | MS_NOEXEC));
  RELAPSE_TRY(mount_proc(init.as_root));
  RELAPSE_TRY(make_user_folders(spec.home, spec.uid));
  RELAPSE_TRY(mount_given(spec, init.sources.mounts));
  RELAPSE_TRY(make_files(spec, init.sources.copies));
  RELAPSE_TRY(make_user_folders(spec.folder, spec.uid));
  if (::sethostname(spec.host_name.c_str(), spec.host_name.size()) != 0) {
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
  const unsigned id = init.as_root ? 0 : init.spec.uid;
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
  return Done{};
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

// Reaps whatever dies in the world; the subject's own end is reported with what it used.
void reap(const WorldInit& init, int subject) {
  int status = 0;
  rusage used{};
  for (int pid = 0; (pid = ::wait4(-1, &status, WNOHANG, &used)) > 0;) {
    if (pid != subject) {
      continue;
    }
    const auto micros = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1'000'000 +
                        used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    nlohmann::json event = {{"event", "exited"},
                            {"status", status},
                            {"oom", os::oom_kills(init.memory_events) > 0},
                            {"cpu_ms", static_cast<double>(micros) / 1000},
                            {"memory_max_kib", used.ru_maxrss}};
    // A gone supervisor shows in poll.
    (void)os::send_message(init.control.get(), event.dump());
  }
}

[[noreturn]] void serve(const WorldInit& init, const os::Fd& deaths, int subject) {
  reap(init, subject);  // it may have ended before anybody watched
  for (;;) {
    std::array<pollfd, 2> waits = {{{init.control.get(), POLLIN, 0}, {deaths.get(), POLLIN, 0}}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) {
      ::_exit(1);
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)!::read(deaths.get(), &info, sizeof(info));  // a hint; wait4 tells what happened
      reap(init, subject);
    }
    if (waits[0].revents != 0) {
      ::_exit(0);  // the supervisor says nothing here: it has closed
    }
  }
}

std::vector<int> descriptors_of(const WorldInit& init) {
  std::vector<int> open = {init.control.get(), init.ready.get(), init.memory_events.get()};
  for (const auto& fd : init.stdio) {
    open.push_back(fd.get());
  }
  for (const auto* fds : {&init.sources.mounts, &init.sources.copies, &init.groups}) {
    for (const auto& fd : *fds) {
      open.push_back(fd.get());
    }
  }
  return open;
}

Result<StartedSubject> bring_up(WorldInit& init) {
  RELAPSE_TRY(settle(init));
  RELAPSE_TRY(build_world(init));
  auto subject = start_subject(init.spec, init.stdio, init.control, !init.memory_events.valid());
  init.sources = {};
  init.groups.clear();
  for (auto& stdio : init.stdio) {
    stdio.reset();  // the far ends must see the subject's end, not ours
  }
  return subject;
}

}  // namespace

void run_world_init(WorldInit init) {
  auto closed = os::close_all_but(descriptors_of(init));
  if (!closed) {
    fail(init.control, closed.error());
  }
  char go = 0;
  if (::read(init.ready.get(), &go, 1) != 1) {
    ::_exit(1);  // the zygote has given up, and says why itself
  }
  init.ready.reset();
  auto deaths = watch_children();
  if (!deaths) {
    fail(init.control, deaths.error());
  }
  auto subject = bring_up(init);
  if (!subject) {
    fail(init.control, subject.error());
  }
  if (init.spec.control.fifo_priority > 0) {
    // The zygote may have lent us the subject's scheduling policy, for the subject to inherit.
    const sched_param normal{};
    (void)::sched_setscheduler(0, SCHED_OTHER, &normal);
  }
  auto told = os::send_message(init.control.get(),
                               nlohmann::json{{"event", "started"}, {"pid", subject->pid}}.dump(),
                               {subject->pidfd.get()});
  if (!told) {
    ::_exit(1);
  }
  const int pid = subject->pid;
  subject->pidfd.reset();
  serve(init, *deaths, pid);
}

}  // namespace relapse::world
