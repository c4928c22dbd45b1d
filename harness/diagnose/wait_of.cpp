#include "diagnose/wait_of.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>

namespace relapse::diagnose {

namespace {

constexpr std::uint64_t kMaxPollFds = 4096;  // more is not a wait that a person could follow
constexpr int kMaxSelectFds = 1024;

// System calls newer than some C libraries' headers.
constexpr long kEpollPwait2 = 441;
constexpr long kFutexWaitv = 449;
constexpr long kFutexWait = 455;
constexpr unsigned kFutex2Private = 128;  // FUTEX2_PRIVATE

struct Context {
  const ThreadLook& look;
  const Memory& memory;
  const std::vector<int>& threads;

  std::uint64_t arg(size_t n) const { return look.call.args.at(n); }
  int fd_arg(size_t n) const { return static_cast<int>(arg(n)); }
};

double to_ms(std::int64_t seconds, std::int64_t nanoseconds) {
  return static_cast<double>(seconds) * 1e3 + static_cast<double>(nanoseconds) / 1e6;
}

// A timeout behind a pointer to two 64-bit words. An unreadable one counts as "now": the wait is
// then not taken for endless.
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

std::optional<double> millisecond_timeout(std::uint64_t arg) {
  int value = static_cast<int>(arg);
  return value < 0 ? std::nullopt : std::optional<double>(value);
}

Wait of_kind(WaitKind kind) {
  Wait wait;
  wait.kind = kind;
  return wait;
}

Wait input_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kInput);
  wait.fds.push_back({c.fd_arg(0), true, false});
  return wait;
}

Wait recvmmsg_wait(const Context& c) {
  Wait wait = input_wait(c);
  wait.timeout_ms = timespec_timeout(c, c.arg(4));
  return wait;
}

Wait output_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kOutput);
  wait.fds.push_back({c.fd_arg(0), false, true});
  return wait;
}

// From one descriptor to another: either may be what it waits for.
Wait sendfile_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  wait.fds = {{c.fd_arg(0), false, true}, {c.fd_arg(1), true, false}};
  return wait;
}

Wait splice_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  wait.fds = {{c.fd_arg(0), true, false}, {c.fd_arg(2), false, true}};
  return wait;
}

Wait tee_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  wait.fds = {{c.fd_arg(0), true, false}, {c.fd_arg(1), false, true}};
  return wait;
}

Wait accept_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kAccept);
  wait.fds.push_back({c.fd_arg(0), true, false});
  return wait;
}

Wait connect_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kConnect);
  wait.fds.push_back({c.fd_arg(0), false, true});
  sockaddr_un address{};
  size_t size = std::min<size_t>(c.arg(2), sizeof address);
  if (size > offsetof(sockaddr_un, sun_path) && c.memory.read(c.arg(1), &address, size) &&
      address.sun_family == AF_UNIX) {
    const char* path = static_cast<const char*>(address.sun_path);
    size_t length = size - offsetof(sockaddr_un, sun_path);
    wait.path = std::string(path, length);
    if (wait.path.front() == '\0') {
      wait.path.front() = '@';
    }
    wait.path = wait.path.substr(0, wait.path.find('\0'));
  }
  return wait;
}

Wait poll_set(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  std::vector<pollfd> set(std::min(c.arg(1), kMaxPollFds));
  if (!set.empty() && !c.memory.read(c.arg(0), set.data(), set.size() * sizeof(pollfd))) {
    return of_kind(WaitKind::kUnseen);
  }
  for (const pollfd& entry : set) {
    if (entry.fd >= 0) {
      bool output = (entry.events & (POLLOUT | POLLWRNORM)) != 0;
      // Without any event asked for, the far end's going away still ends the wait.
      bool input = (entry.events & (POLLIN | POLLRDNORM | POLLPRI | POLLRDHUP)) != 0 || !output;
      wait.fds.push_back({entry.fd, input, output});
    }
  }
  return wait;
}

Wait poll_wait(const Context& c) {
  Wait wait = poll_set(c);
  wait.timeout_ms = millisecond_timeout(c.arg(2));
  return wait;
}

Wait ppoll_wait(const Context& c) {
  Wait wait = poll_set(c);
  wait.timeout_ms = timespec_timeout(c, c.arg(2));
  return wait;
}

Wait select_set(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  int count = std::clamp(static_cast<int>(c.arg(0)), 0, kMaxSelectFds);
  std::array<std::array<std::uint64_t, kMaxSelectFds / 64>, 2> sets{};
  for (size_t i = 0; i < sets.size(); ++i) {
    size_t size = (static_cast<size_t>(count) + 63) / 64 * 8;
    if (c.arg(i + 1) != 0 && !c.memory.read(c.arg(i + 1), sets.at(i).data(), size)) {
      return of_kind(WaitKind::kUnseen);
    }
  }
  for (int fd = 0; fd < count; ++fd) {
    auto is_set = [&](size_t which) {
      return (sets.at(which).at(static_cast<size_t>(fd) / 64) >> (fd % 64U) & 1U) != 0;
    };
    if (is_set(0) || is_set(1)) {
      wait.fds.push_back({fd, is_set(0), is_set(1)});
    }
  }
  return wait;
}

Wait select_wait(const Context& c) {
  Wait wait = select_set(c);
  wait.timeout_ms = relative_timeout(c, c.arg(4), 1e3);
  return wait;
}

Wait pselect_wait(const Context& c) {
  Wait wait = select_set(c);
  wait.timeout_ms = timespec_timeout(c, c.arg(4));
  return wait;
}

Wait epoll_wait_of(const Context& c) {
  Wait wait = of_kind(WaitKind::kEvents);
  wait.fds.push_back({c.fd_arg(0), true, false});
  wait.timeout_ms = c.look.call.number == kEpollPwait2 ? timespec_timeout(c, c.arg(3))
                                                       : millisecond_timeout(c.arg(3));
  return wait;
}

bool is_thread(const Context& c, int tid) {
  return std::find(c.threads.begin(), c.threads.end(), tid) != c.threads.end();
}

// glibc's mutex: lock, count, owner, users, kind. The word is 2 when somebody waits for it. An
// owner that is no thread of this process may be a thread of the parent it was forked from.
void add_mutex_owner(const Context& c, Wait& wait, std::uint32_t expected) {
  std::array<std::int32_t, 5> mutex{};
  if (expected != 2 || !c.memory.read(wait.futex_address, mutex.data(), sizeof mutex)) {
    return;
  }
  constexpr std::int32_t kMostKinds = 1024;  // type, robust, protocol and elision bits
  constexpr std::int32_t kMostUsers = 1 << 20;
  bool looks_so = mutex[0] == 2 && mutex[3] >= 1 && mutex[3] < kMostUsers && mutex[4] >= 0 &&
                  mutex[4] < kMostKinds;
  if (looks_so && mutex[2] > 0 && is_thread(c, mutex[2])) {
    wait.lock_owner = mutex[2];
  }
}

Wait futex_wait_of(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  const auto op = static_cast<unsigned>(c.arg(1));
  const unsigned command = op & FUTEX_CMD_MASK;
  const bool own_memory = (op & FUTEX_PRIVATE_FLAG) != 0;
  const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
  const auto expected = static_cast<std::uint32_t>(c.arg(2));
  wait.futex_address = c.arg(0);
  std::uint32_t word = 0;
  c.memory.read(wait.futex_address, &word, sizeof word);
  switch (command) {
    case FUTEX_WAIT:
      wait.timeout_ms = timespec_timeout(c, c.arg(3));
      break;
    case FUTEX_LOCK_PI:
      wait.timeout_ms = absolute_timeout(c, c.arg(3), true);
      break;
    default:
      wait.timeout_ms = absolute_timeout(c, c.arg(3), realtime);
  }
  if (command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2) {
    int owner = static_cast<int>(word & FUTEX_TID_MASK);
    wait.lock_owner = is_thread(c, owner) ? std::optional(owner) : std::nullopt;
  } else if (!own_memory && word == expected && is_thread(c, static_cast<int>(word))) {
    wait.joined = static_cast<int>(word);
  } else {
    add_mutex_owner(c, wait, expected);
  }
  wait.shared_memory = own_memory ? "" : "?";  // settled by the caller, who can read the maps
  return wait;
}

struct FutexWaiter {  // the kernel's struct futex_waitv
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};

Wait futex_waitv_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  FutexWaiter first{};
  if (c.memory.read(c.arg(0), &first, sizeof first)) {
    wait.futex_address = first.address;
    wait.shared_memory = (first.flags & kFutex2Private) != 0 ? "" : "?";
  }
  wait.timeout_ms = absolute_timeout(c, c.arg(3), c.arg(4) == CLOCK_REALTIME);
  return wait;
}

Wait futex2_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  wait.futex_address = c.arg(0);
  wait.shared_memory = (c.arg(3) & kFutex2Private) != 0 ? "" : "?";
  wait.timeout_ms = absolute_timeout(c, c.arg(4), c.arg(5) == CLOCK_REALTIME);
  return wait;
}

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
  static const std::map<long, Rule> table = {
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
  return table;
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

Wait wait_of(const ThreadLook& look, const Memory& memory, const std::vector<int>& threads) {
  const Context context{look, memory, threads};
  switch (look.state) {
    case 'S':
      return asleep_wait(context);
    case 'D':
      return disk_wait(context);
    case 'T':
      return of_kind(WaitKind::kStopped);
    case 't':
      return of_kind(WaitKind::kTraced);
    default:
      return of_kind(WaitKind::kRuns);
  }
}

}  // namespace relapse::diagnose
