#include "os/task_probe.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "os/foreign.h"
#include "os/point_calls.h"
#include "os/proc.h"
#include "os/proc_fd.h"
#include "os/timer_wait.h"

namespace relapse::os {

namespace {

// Poll sets are small in practice; a larger one is looked at in part.
constexpr size_t kPollSetLooked = 64;

// An event loop's timer is a sleep as well; but a longer limit on waiting for descriptors guards
// against a partner that has died, and who lives must have time to answer.
constexpr double kTimerMs = 200;

// A limit that nobody will live to see; adding it to a clock could overflow.
constexpr double kFarAwayMs = 1e9;

std::string read_small(const Fd& fd) {
  std::array<char, 1024> text{};
  ssize_t size = fd.valid() ? ::pread(fd.get(), text.data(), text.size(), 0) : -1;
  return size > 0 ? std::string(text.data(), static_cast<size_t>(size)) : std::string();
}

Fd open_quietly(const std::string& path) {
  return Fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

// The letter behind "(name)"; the name may hold any byte, so from the last bracket.
char state_letter(const std::string& stat) {
  size_t bracket = stat.rfind(')');
  return bracket == std::string::npos || bracket + 2 >= stat.size() ? '\0' : stat[bracket + 2];
}

// A parent in vfork sleeps uninterruptibly until its child execs or ends: that is no disk.
bool waits_for_vfork_child(long number) {
#ifdef SYS_vfork
  if (number == SYS_vfork) {
    return true;
  }
#endif
  return number == SYS_clone || number == SYS_clone3;
}

// A thread whose call was notified and not yet received sleeps, but not for long. The kernel's
// name for the place tells it from one that was let go and blocks in the call itself.
bool awaits_notification(int tid, long number) {
  return find_point_call(static_cast<int>(number)) != nullptr &&
         read_wchan(tid, tid).find("seccomp") != std::string::npos;
}

// The socket's domain, asked through a duplicate: /proc names a socket only by its inode.
bool is_internet_socket(int tid, int fd) {
  auto link = read_proc_link(fmt::format("/proc/{}/fd/{}", tid, fd));
  if (!link || link->rfind("socket:", 0) != 0) {
    return false;
  }
  Fd copy = borrow_fd(tid, fd);
  int domain = 0;
  socklen_t size = sizeof(domain);
  return copy.valid() && ::getsockopt(copy.get(), SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
         (domain == AF_INET || domain == AF_INET6);
}

bool epoll_watches_internet(int tid, int epoll_fd) {
  auto epoll = read_fd(tid, epoll_fd);
  return epoll &&
         std::any_of(epoll->watches.begin(), epoll->watches.end(),
                     [&](const EpollWatch& watch) { return is_internet_socket(tid, watch.fd); });
}

bool poll_watches_internet(int tid, std::uint64_t address, std::uint64_t count) {
  std::array<pollfd, kPollSetLooked> set{};
  size_t looked = std::min<size_t>(count, set.size());
  if (looked == 0 || !read_memory(tid, address, set.data(), looked * sizeof(pollfd))) {
    return false;
  }
  return std::any_of(set.begin(), set.begin() + looked, [&](const pollfd& entry) {
    return entry.fd >= 0 && is_internet_socket(tid, entry.fd);
  });
}

std::optional<std::chrono::steady_clock::time_point> end_of_wait(int tid, const SyscallFact& call) {
  auto limit_ms = limit_of_wait_ms(tid, call);
  if (!limit_ms || *limit_ms > (is_plain_sleep(call) ? kFarAwayMs : kTimerMs)) {
    return std::nullopt;
  }
  using std::chrono::microseconds;
  return std::chrono::steady_clock::now() +
         microseconds(static_cast<std::int64_t>(*limit_ms * 1000));
}

TaskActivity classify_wait(int tid, const SyscallFact& call) {
  const auto& args = call.args;
  auto timed_if = [](bool timed) { return timed ? TaskActivity::kTimed : TaskActivity::kAsleep; };
  auto network_or = [](bool network, TaskActivity other) {
    return network ? TaskActivity::kNetwork : other;
  };
  switch (call.number) {
    case SYS_read:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_connect:
      return network_or(is_internet_socket(tid, static_cast<int>(args[0])), TaskActivity::kAsleep);
    case SYS_epoll_pwait:
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
      return network_or(epoll_watches_internet(tid, static_cast<int>(args[0])),
                        timed_if(static_cast<int>(args[3]) >= 0));
#ifdef SYS_poll
    case SYS_poll:
      return network_or(poll_watches_internet(tid, args[0], args[1]),
                        timed_if(static_cast<int>(args[2]) >= 0));
#endif
    case SYS_ppoll:
      return network_or(poll_watches_internet(tid, args[0], args[1]), timed_if(args[2] != 0));
#ifdef SYS_select
    case SYS_select:
#endif
    case SYS_pselect6:
      return timed_if(args[4] != 0);
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
      return TaskActivity::kTimed;
    case SYS_futex: {
      auto operation = static_cast<int>(args[1]) & FUTEX_CMD_MASK;
      bool waits = operation == FUTEX_WAIT || operation == FUTEX_WAIT_BITSET ||
                   operation == FUTEX_LOCK_PI || operation == FUTEX_LOCK_PI2;
      return timed_if(waits && args[3] != 0);
    }
    default:
      return TaskActivity::kAsleep;
  }
}

}  // namespace

TaskState TaskProbe::look(int tid, Manner manner) {
  auto [found, is_new] = files_.try_emplace(tid);
  Files& files = found->second;
  if (is_new) {
    std::string folder = fmt::format("/proc/{}/", tid);
    files.stat = open_quietly(folder + "stat");
    files.schedstat = open_quietly(folder + "schedstat");
  }
  // Before and after: a thread that ran in between was not asleep, whatever the rest says.
  std::string before = read_small(files.schedstat);
  bool slept =
      files.last.activity != TaskActivity::kGone && files.last.activity != TaskActivity::kBusy;
  if (manner.woken_runs_first && slept && !before.empty() && before == files.last.episode) {
    return files.last;
  }
  char state = state_letter(read_small(files.stat));
  if (state == '\0' || state == 'Z' || state == 'X') {
    files_.erase(found);
    return {};
  }
  TaskState out;
  out.activity = TaskActivity::kAsleep;
  out.episode = before;
  if (state == 'R') {
    out.activity = TaskActivity::kBusy;
    files.last = out;
    return out;
  }
  if (state == 'D' || manner.closely) {
    SyscallFact call = read_syscall(tid, tid);
    if (state == 'D') {
      out.activity =
          waits_for_vfork_child(call.number) ? TaskActivity::kAsleep : TaskActivity::kBusy;
    } else {
      out.activity = classify_wait(tid, call);
      if (out.activity == TaskActivity::kTimed) {
        out.wakes_at = end_of_wait(tid, call);
      }
    }
    if (out.activity == TaskActivity::kAsleep && awaits_notification(tid, call.number)) {
      out.activity = TaskActivity::kBusy;
    }
  }
  if (read_small(files.schedstat) != before) {
    out.activity = TaskActivity::kBusy;
  }
  files.last = out;
  return out;
}

std::vector<int> threads_of_tree(int pid, Root root) {
  std::vector<int> threads;
  std::vector<int> processes = {pid};
  while (!processes.empty()) {
    int process = processes.back();
    processes.pop_back();
    for (int tid : list_tids(process)) {
      if (process != pid || root == Root::kIncluded) {
        threads.push_back(tid);
      }
      std::istringstream children(
          read_proc_file(fmt::format("/proc/{}/task/{}/children", process, tid)).value_or(""));
      for (int child = 0; children >> child;) {
        processes.push_back(child);
      }
    }
  }
  std::sort(threads.begin(), threads.end());
  return threads;
}

}  // namespace relapse::os
