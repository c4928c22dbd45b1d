#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "diagnose/wait_calls.h"

namespace relapse::diagnose::calls {

namespace {

constexpr std::uint64_t kMaxPollFds = 4096;  // more is not a wait that a person could follow
constexpr int kMaxSelectFds = 1024;

std::optional<double> millisecond_timeout(std::uint64_t arg) {
  int value = static_cast<int>(arg);
  return value < 0 ? std::nullopt : std::optional<double>(value);
}

}  // namespace

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

static Wait poll_set(const Context& c) {
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

static Wait select_set(const Context& c) {
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

}  // namespace relapse::diagnose::calls
