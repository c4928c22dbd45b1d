#include "diagnose/wait_of.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <map>

#include "diagnose/wait_calls.h"

namespace relapse::diagnose {

namespace calls {

double to_ms(std::int64_t seconds, std::int64_t nanoseconds) {
  return static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6;
}

std::optional<double> relative_timeout(const Context& c, std::uint64_t at, double unit_per_ms) {
  if (at == 0) {
    return std::nullopt;
  }
  std::array<std::int64_t, 2> time{};
  if (!c.memory.read(at, time.data(), sizeof time)) {
    return 0;
  }
  return static_cast<double>(time[0]) * 1e3 + static_cast<double>(time[1]) / unit_per_ms;
}

std::optional<double> timespec_timeout(const Context& c, std::uint64_t at) {
  return relative_timeout(c, at, 1e6);
}

std::optional<double> absolute_timeout(const Context& c, std::uint64_t at, bool realtime) {
  auto due = timespec_timeout(c, at);
  if (due) {
    const auto& now = realtime ? c.look.now_realtime : c.look.now_monotonic;
    due = std::max(0.0, *due - to_ms(now.tv_sec, now.tv_nsec));
  }
  return due;
}

Wait of_kind(WaitKind kind) {
  Wait wait;
  wait.kind = kind;
  return wait;
}
namespace {

Wait wait4_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kChild);
  int which = c.fd_arg(0);
  if (which > 0) {
    wait.child = which;
  } else if (which < -1) {
    wait.child_group = -which;
  }
  return wait;
}

Wait waitid_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kChild);
  constexpr std::uint64_t kByPidFd = 3;  // P_PIDFD
  if (c.arg(0) == P_PID) {
    wait.child = c.fd_arg(1);
  } else if (c.arg(0) == P_PGID && c.arg(1) != 0) {
    wait.child_group = c.fd_arg(1);
  } else if (c.arg(0) == kByPidFd) {
    wait.fds.push_back({c.fd_arg(1), true, false});
  }
  return wait;
}

Wait signal_wait(const Context& /*c*/) {
  return of_kind(WaitKind::kSignal);
}

Wait sigtimedwait_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kSignal);
  c.memory.read(c.arg(0), &wait.signals, sizeof wait.signals);
  wait.timeout_ms = timespec_timeout(c, c.arg(2));
  return wait;
}

Wait nanosleep_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kSleep);
  wait.timeout_ms = timespec_timeout(c, c.arg(0));
  return wait;
}

Wait clock_nanosleep_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kSleep);
  bool absolute = (c.arg(1) & TIMER_ABSTIME) != 0;
  wait.timeout_ms = absolute ? absolute_timeout(c, c.arg(2), c.arg(0) == CLOCK_REALTIME)
                             : timespec_timeout(c, c.arg(2));
  return wait;
}

Wait flock_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kFileLock);
  wait.fds.push_back({c.fd_arg(0), false, false});
  wait.lock_type = "FLOCK";
  return wait;
}

Wait fcntl_wait(const Context& c) {
  constexpr std::uint64_t kOfdSetLkw = 38;  // F_OFD_SETLKW
  if (c.arg(1) != F_SETLKW && c.arg(1) != kOfdSetLkw) {
    return of_kind(WaitKind::kOther);
  }
  Wait wait = of_kind(WaitKind::kFileLock);
  wait.fds.push_back({c.fd_arg(0), false, false});
  wait.lock_type = c.arg(1) == F_SETLKW ? "POSIX" : "OFDLCK";
  return wait;
}

Wait open_path(const Context& c, int folder, std::uint64_t path, unsigned flags) {
  Wait wait = of_kind(WaitKind::kFifoOpen);
  wait.path = c.memory.text(path).value_or("");
  wait.for_output = (flags & O_ACCMODE) != O_RDONLY;
  // Another file's open can be slow (a network file system); it is the disk's business.
  return c.memory.is_fifo(folder, wait.path) ? wait : of_kind(WaitKind::kDisk);
}

Wait open_wait(const Context& c) {
  return open_path(c, AT_FDCWD, c.arg(0), static_cast<unsigned>(c.arg(1)));
}

Wait creat_wait(const Context& c) {
  return open_path(c, AT_FDCWD, c.arg(0), O_WRONLY);
}

Wait openat_wait(const Context& c) {
  return open_path(c, c.fd_arg(0), c.arg(1), static_cast<unsigned>(c.arg(2)));
}

Wait openat2_wait(const Context& c) {
  std::uint64_t flags = 0;  // the first member of struct open_how
  c.memory.read(c.arg(2), &flags, sizeof flags);
  return open_path(c, c.fd_arg(0), c.arg(1), static_cast<unsigned>(flags));
}

Wait message_wait(const Context& /*c*/) {
  return of_kind(WaitKind::kMessage);
}

Wait semtimedop_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kMessage);
  wait.timeout_ms = timespec_timeout(c, c.arg(3));
  return wait;
}

Wait mq_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kMessage);
  wait.timeout_ms = absolute_timeout(c, c.arg(4), true);
  return wait;
}

Wait vfork_wait(const Context& /*c*/) {
  return of_kind(WaitKind::kVfork);
}

Wait clone_wait(const Context& c) {
  return of_kind((c.arg(0) & CLONE_VFORK) != 0 ? WaitKind::kVfork : WaitKind::kDisk);
}

Wait clone3_wait(const Context& c) {
  std::uint64_t flags = 0;  // the first member of struct clone_args
  c.memory.read(c.arg(0), &flags, sizeof flags);
  return of_kind((flags & CLONE_VFORK) != 0 ? WaitKind::kVfork : WaitKind::kDisk);
}

// On its way out.
Wait exit_wait(const Context& /*c*/) {
  return of_kind(WaitKind::kRuns);
}
bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// After a stop and a continuation the kernel resumes a timed call under this number; the
// registers still hold the first call's arguments, and the sleeping place tells which it was.
Wait restarted_wait(const Context& c) {
  if (contains(c.look.wchan, "poll")) {
    return poll_wait(c);
  }
  if (contains(c.look.wchan, "futex")) {
    return futex_wait_of(c);
  }
  return nanosleep_wait(c);
}

struct Rule {
  const char* name;
  Wait (*decode)(const Context&);
};

const std::map<long, Rule>& rules() {
  static const std::map<long, Rule> kTable = {
      {SYS_read, {"read", input_wait}},
      {SYS_readv, {"readv", input_wait}},
      {SYS_pread64, {"pread64", input_wait}},
      {SYS_preadv, {"preadv", input_wait}},
      {SYS_preadv2, {"preadv2", input_wait}},
      {SYS_recvfrom, {"recvfrom", input_wait}},
      {SYS_recvmsg, {"recvmsg", input_wait}},
      {SYS_recvmmsg, {"recvmmsg", recvmmsg_wait}},
      {SYS_write, {"write", output_wait}},
      {SYS_writev, {"writev", output_wait}},
      {SYS_pwrite64, {"pwrite64", output_wait}},
      {SYS_pwritev, {"pwritev", output_wait}},
      {SYS_pwritev2, {"pwritev2", output_wait}},
      {SYS_sendto, {"sendto", output_wait}},
      {SYS_sendmsg, {"sendmsg", output_wait}},
      {SYS_sendmmsg, {"sendmmsg", output_wait}},
      {SYS_vmsplice, {"vmsplice", output_wait}},
      {SYS_sendfile, {"sendfile", sendfile_wait}},
      {SYS_splice, {"splice", splice_wait}},
      {SYS_tee, {"tee", tee_wait}},
      {SYS_accept, {"accept", accept_wait}},
      {SYS_accept4, {"accept4", accept_wait}},
      {SYS_connect, {"connect", connect_wait}},
      {SYS_ppoll, {"ppoll", ppoll_wait}},
      {SYS_pselect6, {"pselect6", pselect_wait}},
      {SYS_epoll_pwait, {"epoll_pwait", epoll_wait_of}},
      {kEpollPwait2, {"epoll_pwait2", epoll_wait_of}},
      {SYS_futex, {"futex", futex_wait_of}},
      {kFutexWaitv, {"futex_waitv", futex_waitv_wait}},
      {kFutexWait, {"futex_wait", futex2_wait}},
      {SYS_wait4, {"wait4", wait4_wait}},
      {SYS_waitid, {"waitid", waitid_wait}},
      {SYS_rt_sigsuspend, {"rt_sigsuspend", signal_wait}},
      {SYS_rt_sigtimedwait, {"rt_sigtimedwait", sigtimedwait_wait}},
      {SYS_nanosleep, {"nanosleep", nanosleep_wait}},
      {SYS_clock_nanosleep, {"clock_nanosleep", clock_nanosleep_wait}},
      {SYS_flock, {"flock", flock_wait}},
      {SYS_fcntl, {"fcntl", fcntl_wait}},
      {SYS_openat, {"openat", openat_wait}},
      {SYS_openat2, {"openat2", openat2_wait}},
      {SYS_semop, {"semop", message_wait}},
      {SYS_semtimedop, {"semtimedop", semtimedop_wait}},
      {SYS_msgrcv, {"msgrcv", message_wait}},
      {SYS_msgsnd, {"msgsnd", message_wait}},
      {SYS_mq_timedreceive, {"mq_timedreceive", mq_wait}},
      {SYS_mq_timedsend, {"mq_timedsend", mq_wait}},
      {SYS_clone, {"clone", clone_wait}},
      {SYS_clone3, {"clone3", clone3_wait}},
      {SYS_exit, {"exit", exit_wait}},
      {SYS_exit_group, {"exit_group", exit_wait}},
      {SYS_restart_syscall, {"restart_syscall", restarted_wait}},
#ifdef SYS_open  // calls that newer architectures do not have
      {SYS_open, {"open", open_wait}},
      {SYS_creat, {"creat", creat_wait}},
      {SYS_poll, {"poll", poll_wait}},
      {SYS_select, {"select", select_wait}},
      {SYS_epoll_wait, {"epoll_wait", epoll_wait_of}},
      {SYS_pause, {"pause", signal_wait}},
      {SYS_vfork, {"vfork", vfork_wait}},
#endif
  };
  return kTable;
}

Wait wait_of_call(const Context& c) {
  auto rule = rules().find(c.look.call.number);
  if (rule == rules().end()) {
    Wait wait = of_kind(WaitKind::kOther);
    wait.call = "system call " + std::to_string(c.look.call.number);
    return wait;
  }
  Wait wait = rule->second.decode(c);
  wait.call = rule->second.name;
  return wait;
}

Wait disk_wait(const Context& c) {
  if (contains(c.look.wchan, "refrigerator")) {
    return of_kind(WaitKind::kStopped);
  }
  // The parent of a vfork sleeps uninterruptibly too, but not for the disk.
  if (c.look.call.state == os::SyscallFact::State::kInCall) {
    Wait wait = wait_of_call(c);
    if (wait.kind == WaitKind::kVfork) {
      return wait;
    }
  }
  return of_kind(WaitKind::kDisk);
}

Wait asleep_wait(const Context& c) {
  if (contains(c.look.wchan, "freezer")) {
    return of_kind(WaitKind::kStopped);
  }
  if (contains(c.look.wchan, "seccomp")) {
    return of_kind(WaitKind::kHeld);
  }
  switch (c.look.call.state) {
    case os::SyscallFact::State::kInCall:
      return wait_of_call(c);
    case os::SyscallFact::State::kHidden:
      return of_kind(WaitKind::kUnseen);
    case os::SyscallFact::State::kElsewhere:
      return of_kind(WaitKind::kDisk);
    case os::SyscallFact::State::kRunning:
      break;
  }
  return of_kind(WaitKind::kRuns);
}

}  // namespace

}  // namespace calls

Wait wait_of(const ThreadLook& look, const Memory& memory, const std::vector<int>& threads) {
  const calls::Context context{look, memory, threads};
  switch (look.state) {
    case 'S':
      return calls::asleep_wait(context);
    case 'D':
      return calls::disk_wait(context);
    case 'T':
      return calls::of_kind(WaitKind::kStopped);
    case 't':
      return calls::of_kind(WaitKind::kTraced);
    default:
      return calls::of_kind(WaitKind::kRuns);
  }
}

}  // namespace relapse::diagnose
