#include "world/zygote/subject_start.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "os/message.h"

namespace relapse::world {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

// Which step failed and how: all that the child can tell between fork and exec.
enum class Step : int {
  kSession,
  kStdio,
  kFolder,
  kLimits,
  kUser,
  kCapabilities,
  kCpu,
  kFilter,
  kExec,
};

struct Failure {
  Step step;
  int error;
};

const char* describe(Step step) {
  switch (step) {
    case Step::kSession:
      return "begin a session";
    case Step::kStdio:
      return "set up standard input and output";
    case Step::kFolder:
      return "enter the working directory";
    case Step::kLimits:
      return "setrlimit";
    case Step::kUser:
      return "become the world's user";
    case Step::kCapabilities:
      return "drop capabilities";
    case Step::kCpu:
      return "set CPU and scheduling policy";
    case Step::kFilter:
      return "install the seccomp filter";
    case Step::kExec:
      return "execute";
  }
  return "start";
}

// Everything that exec needs, made before the fork: between fork and exec nothing may allocate.
struct Prepared {
  std::vector<std::string> paths;  // candidates for the program, in the order of PATH
  std::vector<std::string> env_texts;
  std::vector<char*> argv;
  std::vector<char*> envp;
};

Prepared prepare(const model::WorldSpec& spec) {
  Prepared prepared;
  const std::string& program = spec.command.front();
  auto path = spec.env.find("PATH");
  if (program.find('/') != std::string::npos || path == spec.env.end()) {
    prepared.paths.push_back(program);
  } else {
    for (size_t start = 0; start <= path->second.size();) {
      size_t end = std::min(path->second.find(':', start), path->second.size());
      prepared.paths.push_back(path->second.substr(start, end - start) + "/" + program);
      start = end + 1;
    }
  }
  for (const auto& [name, value] : spec.env) {
    prepared.env_texts.push_back(name + "=" + value);
  }
  for (const auto& argument : spec.command) {
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  for (const auto& text : prepared.env_texts) {
    prepared.envp.push_back(const_cast<char*>(text.c_str()));
  }
  prepared.argv.push_back(nullptr);
  prepared.envp.push_back(nullptr);
  return prepared;
}

// Never above what we have ourselves (RLIM_INFINITY is the greatest number).
bool limit(int resource, rlim_t soft, rlim_t hard) {
  rlimit now{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &now) != 0) {
    return false;
  }
  rlimit wanted{std::min(soft, now.rlim_max), std::min(hard, now.rlim_max)};
  return ::setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) == 0;
}

bool limit(int resource, rlim_t value) {
  return limit(resource, value, value);
}

// The soft limit's SIGXCPU tells the cause; a subject that ignores it gets a SIGKILL this later.
constexpr rlim_t kCpuGraceS = 5;

bool set_limits(const model::WorldLimits& limits, bool limit_memory) {
  // NPROC counts the user's threads in this user namespace, so in this world alone.
  return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, limits.file_bytes) &&
         limit(RLIMIT_NOFILE, limits.open_files) && limit(RLIMIT_NPROC, limits.processes) &&
         limit(RLIMIT_CPU, limits.cpu_s, limits.cpu_s + kCpuGraceS) &&
         (!limit_memory || limit(RLIMIT_DATA, limits.memory_bytes));
}

// So that a full memory group costs the subject its life and not PID 1, whose end would say
// nothing. Raising the score needs no privilege; a kernel without the file has no such choice.
void be_first_to_be_killed() {
  int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    (void)!::write(file, "1000", 4);
    ::close(file);
  }
}

// Where the user is not root's successor but had the capabilities itself, they do not go by
// themselves.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0 &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

bool become_user(unsigned uid) {
  // Where the map holds one user only, setgroups is denied, and there are no groups to drop.
  if (::geteuid() == 0 && ::setgroups(0, nullptr) != 0) {
    return false;
  }
  return ::setresgid(uid, uid, uid) == 0 && ::setresuid(uid, uid, uid) == 0;
}

bool set_cpu(const model::WorldControl& control) {
  if (control.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(control.cpu, &set);
    if (::sched_setaffinity(0, sizeof(set), &set) != 0) {
      return false;
    }
  }
  // Where the zygote may, it has set the policy already, and we have inherited it.
  if (control.fifo_priority > 0 && ::sched_getscheduler(0) != SCHED_FIFO) {
    sched_param parameter{};
    parameter.sched_priority = control.fifo_priority;
    if (::sched_setscheduler(0, SCHED_FIFO, &parameter) != 0) {
      return false;
    }
  }
  // What allowance there is was for this step; the subject is not to raise itself.
  return limit(RLIMIT_RTPRIO, 0);
}

// Addresses become file names (a thread's identity, an object's hash) and the order of a hash
// table; what is to be replayed must not draw them anew. The setting survives exec. Some containers
// deny it: then they are drawn, and a replay says where that led it astray.
void fix_addresses(const model::WorldControl& control) {
  if (!control.filter.empty()) {
    (void)::personality(ADDR_NO_RANDOMIZE);
  }
}

bool install_filter(const model::WorldControl& control, int control_socket) {
  if (control.filter.empty()) {
    return true;
  }
  sock_fprog program{};
  program.len = static_cast<unsigned short>(control.filter.size() / sizeof(sock_filter));
  program.filter =
      const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(control.filter.data()));
  long listener = ::syscall(
      SYS_seccomp, SECCOMP_SET_MODE_FILTER,
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  if (listener < 0) {
    return false;
  }
  errno = os::send_fd(control_socket, R"({"event":"listener"})", static_cast<int>(listener));
  return errno == 0 && ::close(static_cast<int>(listener)) == 0;
}

// None of the sources is 0, 1 or 2: the zygote has these from its start.
bool set_stdio(const std::array<os::Fd, 3>& stdio) {
  for (int target = 0; target < 3; ++target) {
    if (::dup2(stdio[static_cast<size_t>(target)].get(), target) < 0) {
      return false;
    }
  }
  return true;
}

// PID 1 blocks what it reads from a descriptor. Every signal's action is the default one already:
// so the zygote was started, and nobody since has set another.
bool unblock_signals() {
  sigset_t none;
  sigemptyset(&none);
  return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
}

struct Start {
  const model::WorldSpec& spec;
  const Prepared& prepared;
  const std::array<os::Fd, 3>& stdio;
  int control_socket;
  bool limit_memory;
};

// In the child, which shares our memory: no allocation, nothing of ours changed. Returns only on
// failure, with the step that failed.
Failure become_subject(const Start& start) {
  const auto& [spec, prepared, stdio, control_socket, limit_memory] = start;
  if (!unblock_signals() || ::setsid() < 0) {
    return {Step::kSession, errno};
  }
  if (!set_limits(spec.limits, limit_memory)) {
    return {Step::kLimits, errno};
  }
  be_first_to_be_killed();
  // Needs the privilege that the next steps give up.
  if (!set_cpu(spec.control)) {
    return {Step::kCpu, errno};
  }
  if (!become_user(spec.uid)) {
    return {Step::kUser, errno};
  }
  if (::chdir(spec.folder.c_str()) != 0) {
    return {Step::kFolder, errno};
  }
  if (!drop_capabilities()) {
    return {Step::kCapabilities, errno};
  }
  if (!set_stdio(stdio)) {
    return {Step::kStdio, errno};
  }
  fix_addresses(spec.control);
  if (!install_filter(spec.control, control_socket)) {
    return {Step::kFilter, errno};
  }
  int error = ENOENT;
  for (const auto& path : prepared.paths) {
    ::execve(path.c_str(), prepared.argv.data(), prepared.envp.data());
    // As execvp(3): a program that may not be run is remembered, the search goes on.
    error = errno != ENOENT && errno != ENOTDIR ? errno : error;
  }
  return {Step::kExec, error};
}

Error start_error(const model::WorldSpec& spec, const Failure& failure) {
  const bool exec = failure.step == Step::kExec;
  std::string what = describe(failure.step);
  if (exec || failure.step == Step::kFolder) {
    what += " " + (exec ? spec.command.front() : spec.folder);
  }
  Error error = system_error(what, failure.error);
  if (exec) {
    error.kind = ErrorKind::kScenario;
    error.remedy = "is it there, readable and executable for every user?";
  }
  if (failure.step == Step::kFilter && failure.error == EBUSY) {
    error.kind = ErrorKind::kUnavailable;
    error.remedy = "relapse itself runs under a supervisor of system calls: run it outside of that";
  }
  return error;
}

// vfork: a page table copied costs more than all the rest of a start. Failures come back in the
// shared memory. -1 with errno where there is no child.
pid_t spawn(const Start& start, volatile Failure* failure) {
  const pid_t pid = ::vfork();
  if (pid == 0) {
    const Failure failed = become_subject(start);
    failure->step = failed.step;
    failure->error = failed.error;
    ::_exit(127);
  }
  return pid;
}

}  // namespace

Result<StartedSubject> start_subject(const model::WorldSpec& spec,
                                     const std::array<os::Fd, 3>& stdio, const os::Fd& control,
                                     bool limit_memory) {
  if (spec.command.empty()) {
    return Error{ErrorKind::kScenario, "the world has no command to run"};
  }
  const Prepared prepared = prepare(spec);
  volatile Failure failure{Step::kSession, 0};
  StartedSubject subject;
  subject.pid = spawn({spec, prepared, stdio, control.get(), limit_memory}, &failure);
  if (subject.pid < 0) {
    return system_error("vfork", errno);
  }
  if (failure.error != 0) {
    int status = 0;
    if (::waitpid(subject.pid, &status, 0) != subject.pid) {
      return system_error("waitpid of a subject that did not start", errno);
    }
    return start_error(spec, {failure.step, failure.error});
  }
  subject.pidfd = os::Fd(static_cast<int>(::syscall(SYS_pidfd_open, subject.pid, 0)));
  if (!subject.pidfd.valid()) {
    return system_error("pidfd_open of the subject", errno);
  }
  return subject;
}

}  // namespace relapse::world
