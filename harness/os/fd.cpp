#include "os/fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace relapse::os {

using model::Done;
using model::Result;
using model::system_error;

void Fd::reset() {
  if (fd_ >= 0 && ::close(std::exchange(fd_, -1)) != 0 && errno == EBADF) {
    std::abort();  // somebody else closed what we own: nothing can be trusted any more
  }
}

Result<> close_all_but(std::vector<int> keep) {
  std::sort(keep.begin(), keep.end());
  unsigned first = STDERR_FILENO + 1;
  for (int fd : keep) {
    const auto kept = static_cast<unsigned>(fd);
    if (fd < 0 || kept < first) {
      continue;
    }
    if (kept > first && ::close_range(first, kept - 1, 0) != 0) {
      return system_error("close_range", errno);
    }
    first = kept + 1;
  }
  if (::close_range(first, ~0U, 0) != 0) {
    return system_error("close_range", errno);
  }
  return Done{};
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return system_error("pipe2", errno);
  }
  return Pipe{Fd(ends[0]), Fd(ends[1])};
}

bool wake_reader(const Fd& fd) {
  const char byte = 0;
  return ::write(fd.get(), &byte, 1) == 1;
}

Result<Fd> open_fd(const std::string& path, int flags, unsigned mode) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) {
    return system_error("open " + path, errno);
  }
  return Fd(fd);
}

Result<SocketPair> make_socket_pair(int type) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return system_error("socketpair", errno);
  }
  return SocketPair{Fd(ends[0]), Fd(ends[1])};
}

}  // namespace relapse::os
