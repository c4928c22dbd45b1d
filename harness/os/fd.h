#pragma once
// Owning handle of a file descriptor.

#include <string>
#include <utility>
#include <vector>

#include "model/result.h"

namespace relapse::os {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

  // EBADF means that somebody else closed what we own; the program ends then.
  void reset();

 private:
  int fd_ = -1;
};

// Closes every descriptor of this process but the standard streams and those in `keep`, whoever
// owns them: for a forked child that goes on without exec.
model::Result<> close_all_but(std::vector<int> keep);

struct Pipe {
  Fd read;
  Fd write;
};

// All of them close-on-exec.
model::Result<Pipe> make_pipe();
// Writes one byte, for a reader that sleeps in poll. False where the pipe is full or has no reader.
bool wake_reader(const Fd& fd);
model::Result<Fd> open_fd(const std::string& path, int flags, unsigned mode = 0);

// Both ends of a connected AF_UNIX pair of `type` (SOCK_SEQPACKET, SOCK_STREAM).
struct SocketPair {
  Fd first;
  Fd second;
};
model::Result<SocketPair> make_socket_pair(int type);

}  // namespace relapse::os
