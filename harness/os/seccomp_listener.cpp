#include "os/seccomp_listener.h"

#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace relapse::os {

using model::Result;
using model::system_error;

namespace {

// Linux 6.6; older headers lack both names, and an older kernel answers EINVAL.
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

size_t words_for(size_t bytes) {
  return (bytes + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
}

}  // namespace

Result<SeccompListener> SeccompListener::adopt(Fd fd) {
  seccomp_notif_sizes sizes{};
  if (::syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) != 0) {
    return system_error("seccomp(SECCOMP_GET_NOTIF_SIZES)", errno);
  }
  bool sync =
      ::ioctl(fd.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP) == 0;
  return SeccompListener(std::move(fd), sizes, sync);
}

SeccompListener::SeccompListener(Fd fd, const seccomp_notif_sizes& sizes, bool wakes_synchronously)
    : fd_(std::move(fd)),
      request_(words_for(std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)))),
      response_bytes_(sizes.seccomp_notif_resp),
      wakes_synchronously_(wakes_synchronously) {}

Result<std::optional<Notification>> SeccompListener::receive() {
  std::fill(request_.begin(), request_.end(), 0);  // the kernel refuses a buffer that is not zero
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, request_.data()) != 0) {
    if (errno == ENOENT || errno == EINTR || errno == ENOTCONN) {
      return std::optional<Notification>();
    }
    return system_error("ioctl(SECCOMP_IOCTL_NOTIF_RECV)", errno);
  }
  seccomp_notif request{};
  std::memcpy(&request, request_.data(), sizeof(request));
  return std::optional(Notification{request.id, static_cast<int>(request.pid), request.data});
}

Result<bool> SeccompListener::send(std::uint64_t id, std::int64_t value, int error,
                                   std::uint32_t flags) {
  seccomp_notif_resp response{id, value, error, flags};
  std::vector<std::uint64_t> buffer;
  void* sent = &response;
  if (response_bytes_ > sizeof(response)) {
    buffer.resize(words_for(response_bytes_));
    std::memcpy(buffer.data(), &response, sizeof(response));
    sent = buffer.data();
  }
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SEND, sent) == 0) {
    return true;
  }
  if (errno == ENOENT) {
    return false;
  }
  return system_error("ioctl(SECCOMP_IOCTL_NOTIF_SEND)", errno);
}

Result<bool> SeccompListener::let_go(std::uint64_t id) {
  return send(id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

Result<bool> SeccompListener::fail(std::uint64_t id, int errno_value) {
  return send(id, 0, -errno_value, 0);
}

Result<bool> SeccompListener::answer(std::uint64_t id, std::int64_t value) {
  return send(id, value, 0, 0);
}

bool SeccompListener::id_valid(std::uint64_t id) const {
  return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

}  // namespace relapse::os
