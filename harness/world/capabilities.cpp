#include "world/capabilities.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include "os/cgroup.h"
#include "os/fd.h"
#include "os/mounts.h"
#include "os/run_program.h"
#include "world/capability_rules.h"
#include "world/zygote.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, __u64)
#endif

namespace relapse::world {

namespace {

constexpr int kVersionTimeoutMs = 10'000;  // npm on a cold disk
constexpr std::chrono::seconds kWorldTimeout{10};

Setting read_setting(const std::string& name) {
  std::ifstream file("/proc/sys/" + name);
  std::string text;
  return std::getline(file, text) ? Setting(text) : std::nullopt;
}

// Runs `attempt` in a child, for what cannot be undone in a process; its result comes back as the
// exit status. Only system calls in there.
Attempt try_in_child(Attempt (*attempt)()) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(attempt());
  }
  int status = 0;
  while (pid > 0 && ::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  if (pid < 0 || !WIFEXITED(status)) {
    return pid < 0 ? EAGAIN : EACCES;  // killed: what a strict seccomp profile does
  }
  return WEXITSTATUS(status);
}

Attempt result_of(long returned) {
  return returned < 0 ? errno : 0;
}

// Ubuntu's AppArmor lets one be made and then denies what it is for.
Attempt try_user_namespace() {
  const Attempt made = result_of(::unshare(CLONE_NEWUSER));
  return made != 0 ? made : result_of(::unshare(CLONE_NEWNS));
}

// The child's child is the first process of the new namespace.
Attempt try_new_proc() {
  const Attempt made = result_of(::unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID));
  return made != 0
             ? made
             : try_in_child([] { return result_of(::mount("proc", "/proc", "proc", 0, nullptr)); });
}

UserNamespaceFacts find_user_namespaces() {
  UserNamespaceFacts facts;
  facts.made = try_in_child(try_user_namespace);
  facts.root = ::geteuid() == 0;
  facts.max_user_namespaces = read_setting("user/max_user_namespaces");
  facts.unprivileged_userns_clone = read_setting("kernel/unprivileged_userns_clone");
  facts.apparmor_restrict_unprivileged_userns =
      read_setting("kernel/apparmor_restrict_unprivileged_userns");
  struct stat own {};
  struct stat first {};
  facts.chrooted = ::stat("/", &own) == 0 && ::stat("/proc/1/root/", &first) == 0 &&
                   (own.st_ino != first.st_ino || own.st_dev != first.st_dev);
  return facts;
}

long install_allowing_filter(unsigned long flags) {
  sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  sock_fprog program{1, &allow};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return -1;
  }
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | flags,
                   &program);
}

Attempt try_listener() {
  return result_of(install_allowing_filter(0));
}

Attempt try_wait_killable() {
  return result_of(install_allowing_filter(SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV));
}

Attempt try_sync_wake_up() {
  const long listener = install_allowing_filter(0);
  constexpr unsigned long kSyncWakeUp = 1;  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
  return result_of(listener < 0 ? listener
                                : ::ioctl(static_cast<int>(listener), SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                                          kSyncWakeUp));
}

Attempt try_realtime() {
  sched_param parameter{};
  parameter.sched_priority = 1;
  return result_of(::sched_setscheduler(0, SCHED_FIFO, &parameter));
}

// `look` at a child that waits for us to be done.
Attempt look_at_child(const std::function<Attempt(pid_t)>& look) {
  auto pipe = os::make_pipe();
  if (!pipe) {
    return EMFILE;
  }
  const pid_t pid = ::fork();
  if (pid < 0) {
    return errno;
  }
  if (pid == 0) {
    ::close(pipe->write.get());
    char byte = 0;
    (void)!::read(pipe->read.get(), &byte, 1);
    ::_exit(0);
  }
  const Attempt seen = look(pid);
  pipe->write.reset();
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return seen;
}

Attempt take_descriptor(pid_t pid) {
  const os::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!handle.valid()) {
    return errno;
  }
  const os::Fd taken(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), 0, 0)));
  return taken.valid() ? 0 : errno;
}

Attempt read_call(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/syscall";
  const os::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 64> text{};
  return result_of(file.valid() ? ::read(file.get(), text.data(), text.size()) : -1);
}

// A world with a program that does nothing, from its request to its end.
std::optional<model::Error> try_world() {
  boost::asio::io_context io;
  auto zygote = Zygote::start(io);
  if (!zygote) {
    return zygote.error();
  }
  model::WorldSpec spec;
  spec.command = {"true"};
  spec.env = {{"PATH", "/usr/bin:/bin"}};
  Zygote::Stdio stdio;
  for (os::Fd* stream : {&stdio.in, &stdio.out, &stdio.err}) {
    *stream = os::Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  }
  std::optional<model::Error> failure =
      model::Error{model::ErrorKind::kSystem, "the world did not end in time"};
  bool over = false;
  std::unique_ptr<World> world;
  WorldEvents events;
  events.on_exited = [&](const SubjectEnd& end) {
    failure.reset();
    if (end.signaled || end.code != 0) {
      failure = {model::ErrorKind::kSystem, "`true` did not succeed in a world"};
    }
    world->stop();
  };
  events.on_failed = [&](model::Error error) {
    failure = std::move(error);
    world->stop();
  };
  events.on_gone = [&] { over = true; };
  (*zygote)->start_world(spec, std::move(stdio), std::move(events), [&](auto cloned) {
    if (cloned) {
      world = std::move(*cloned);
    } else {
      failure = cloned.error();
      over = true;
    }
  });
  const auto give_up = std::chrono::steady_clock::now() + kWorldTimeout;
  while (!over && std::chrono::steady_clock::now() < give_up) {
    io.run_one_until(give_up);
  }
  world.reset();
  return failure;
}

std::string group_versions() {
  auto mounts = os::mount_points();
  bool v1 = false;
  bool v2 = false;
  for (const auto& mount : mounts ? *mounts : std::vector<os::MountPoint>()) {
    v1 = v1 || mount.type == "cgroup";
    v2 = v2 || mount.type == "cgroup2";
  }
  return v1 && v2 ? "v1 and v2" : v1 ? "v1" : v2 ? "v2" : "";
}

ProgramFacts find_program(const std::vector<std::string>& names) {
  ProgramFacts facts;
  for (const auto& name : names) {
    facts.path = os::find_on_path(name);
    if (!facts.path.empty()) {
      auto end = os::run_program({facts.path, "--version"}, kVersionTimeoutMs);
      if (end && end->status == 0) {
        facts.version = end->output.substr(0, end->output.find('\n'));
      }
      break;
    }
  }
  return facts;
}

}  // namespace

std::vector<Capability> find_capabilities() {
  utsname host{};
  ::uname(&host);
  std::vector<Capability> all;
  all.push_back(judge_kernel(host.release));
  all.push_back(judge_privileges(::geteuid() == 0));
  const auto user_namespaces = judge_user_namespaces(find_user_namespaces());
  all.push_back(user_namespaces);
  all.push_back(judge_worlds({try_world(), try_in_child(try_new_proc)}, user_namespaces));
  const auto groups = os::CgroupParents::find();
  all.push_back(judge_groups(group_versions(), groups.limits_memory(), groups.limits_processes()));
  const ListenerFacts listener{try_in_child(try_listener), try_in_child(try_wait_killable),
                               try_in_child(try_sync_wake_up)};
  all.push_back(judge_listener(listener));
  all.push_back(judge_wait_killable(listener));
  all.push_back(judge_sync_wake_up(listener));
  all.push_back(judge_realtime(try_in_child(try_realtime)));
  const Setting ptrace_scope = read_setting("kernel/yama/ptrace_scope");
  all.push_back(judge_foreign_descriptors({look_at_child(take_descriptor), ptrace_scope}));
  all.push_back(judge_foreign_calls({look_at_child(read_call), ptrace_scope}));
  all.push_back(judge_program("node", find_program({"node"}), "install Node.js 20 or later"));
  all.push_back(judge_program("npm", find_program({"npm"}), "install npm; it comes with Node.js"));
  all.push_back(judge_program(
      "chromium",
      find_program({"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}),
      "install Chromium to try what a page does without a variable"));
  return all;
}

model::HostFacts host_facts(const std::vector<Capability>& capabilities) {
  utsname host{};
  ::uname(&host);
  model::HostFacts facts;
  facts.kernel = host.release;
  facts.cores = static_cast<int>(std::thread::hardware_concurrency());
  facts.privileges = ::geteuid() == 0 ? "root" : "user";
  for (const auto& capability : capabilities) {
    facts.capabilities[capability.name] = to_string(capability.state);
  }
  return facts;
}

}  // namespace relapse::world
