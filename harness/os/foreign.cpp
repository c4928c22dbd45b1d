#include "os/foreign.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "os/fd.h"
#include "os/proc.h"

namespace relapse::os {

namespace {

constexpr size_t kPageBytes = 4096;

std::optional<std::uint64_t> unread_in(int fd) {
  int count = 0;
  if (::ioctl(fd, FIONREAD, &count) != 0 || count < 0) {
    return std::nullopt;
  }
  return static_cast<std::uint64_t>(count);
}

double socket_timeout_ms(int fd, int option) {
  timeval limit{};
  socklen_t size = sizeof limit;
  if (::getsockopt(fd, SOL_SOCKET, option, &limit, &size) != 0) {
    return 0;  // not a socket
  }
  return static_cast<double>(limit.tv_sec) * 1e3 + static_cast<double>(limit.tv_usec) / 1e3;
}

}  // namespace

bool read_memory(int pid, std::uint64_t address, void* into, size_t size) {
  iovec local{into, size};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  iovec remote{reinterpret_cast<void*>(address), size};
  return ::process_vm_readv(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

bool write_memory(int pid, std::uint64_t address, const void* from, size_t size) {
  iovec local{const_cast<void*>(from), size};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process
  iovec remote{reinterpret_cast<void*>(address), size};
  return ::process_vm_writev(pid, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(size);
}

std::optional<std::string> read_memory_string(int pid, std::uint64_t address, size_t limit) {
  std::string text;
  while (text.size() < limit) {
    // Never across a page: the next one may not be mapped.
    std::uint64_t at = address + text.size();
    std::array<char, kPageBytes> page{};
    size_t size = std::min(kPageBytes - at % kPageBytes, limit - text.size());
    if (!read_memory(pid, at, page.data(), size)) {
      return std::nullopt;
    }
    size_t length = ::strnlen(page.data(), size);
    text.append(page.data(), length);
    if (length < size) {
      return text;
    }
  }
  return text;
}

Fd borrow_fd(int pid, int fd) {
  Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) {
    // A thread that does not lead its process: the kernel hands out descriptors of leaders.
    auto status = read_status(pid);
    if (!status || status->tgid == pid) {
      return {};
    }
    process = Fd(static_cast<int>(::syscall(SYS_pidfd_open, status->tgid, 0)));
  }
  return Fd(process.valid() ? static_cast<int>(::syscall(SYS_pidfd_getfd, process.get(), fd, 0))
                            : -1);
}

std::optional<LentFd> look_at_fd(int pid, int fd) {
  Fd lent = borrow_fd(pid, fd);
  if (!lent.valid()) {
    return std::nullopt;
  }
  LentFd fact;
  fact.unread_bytes = unread_in(lent.get());
  pollfd ready{lent.get(), POLLIN | POLLOUT | POLLRDHUP, 0};
  if (::poll(&ready, 1, 0) > 0) {
    fact.input_ready = (ready.revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP)) != 0;
    fact.output_ready = (ready.revents & (POLLOUT | POLLERR)) != 0;
  }
  fact.receive_timeout_ms = socket_timeout_ms(lent.get(), SO_RCVTIMEO);
  fact.send_timeout_ms = socket_timeout_ms(lent.get(), SO_SNDTIMEO);
  return fact;
}

std::optional<std::uint64_t> unread_in_pipe(int pid, int fd) {
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, fd);
  Fd pipe(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  return pipe.valid() ? unread_in(pipe.get()) : std::nullopt;
}

bool is_fifo_for(int pid, int folder_fd, const std::string& path) {
  std::string seen;
  if (!path.empty() && path.front() == '/') {
    seen = fmt::format("/proc/{}/root{}", pid, path);
  } else if (folder_fd == AT_FDCWD) {
    seen = fmt::format("/proc/{}/cwd/{}", pid, path);
  } else {
    seen = fmt::format("/proc/{}/fd/{}/{}", pid, folder_fd, path);
  }
  struct statx about {};
  return ::statx(AT_FDCWD, seen.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE, &about) == 0 &&
         S_ISFIFO(about.stx_mode);
}

}  // namespace relapse::os
