#include "os/fd_activity.h"

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace relapse::os {

model::Result<FdActivity> FdActivity::open() {
  int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    return model::system_error("inotify_init1", errno);
  }
  return FdActivity(Fd(fd));
}

bool FdActivity::watch(int pid, int fd) {
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, fd);
  int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), IN_ACCESS | IN_MODIFY);
  if (watch < 0) {
    return false;
  }
  watch_by_fd_[{pid, fd}] = watch;
  seen_.try_emplace(watch);
  return true;
}

void FdActivity::collect() {
  alignas(inotify_event) std::array<char, 4096> buffer;  // NOLINT: filled by read
  for (;;) {
    ssize_t count = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (count <= 0) {
      if (count < 0 && errno == EINTR) {
        continue;
      }
      return;
    }
    for (size_t at = 0; at + sizeof(inotify_event) <= static_cast<size_t>(count);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      at += sizeof event + event.len;
      auto seen = seen_.find(event.wd);
      if (seen != seen_.end()) {
        seen->second.reads += (event.mask & IN_ACCESS) != 0 ? 1 : 0;
        seen->second.writes += (event.mask & IN_MODIFY) != 0 ? 1 : 0;
      }
    }
  }
}

Activity FdActivity::of(int pid, int fd) const {
  auto watch = watch_by_fd_.find({pid, fd});
  auto seen = watch == watch_by_fd_.end() ? seen_.end() : seen_.find(watch->second);
  return seen == seen_.end() ? Activity{} : seen->second;
}

}  // namespace relapse::os
