#include "os/file_in.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace relapse::os {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

// Said by the kernel where the name leads nowhere, or to what is not ours to read.
bool leads_nowhere(int error) {
  return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENXIO ||
         error == ENAMETOOLONG || error == EXDEV;
}

}  // namespace

Result<std::optional<std::string>> read_file_in(const Fd& root, const std::string& path,
                                                size_t limit_bytes) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // of a FIFO: do not wait for a writer
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Fd file(static_cast<int>(::syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof how)));
  if (!file.valid()) {
    if (leads_nowhere(errno)) {
      return std::optional<std::string>();
    }
    return system_error("open " + path, errno);
  }
  struct stat found {};
  if (::fstat(file.get(), &found) != 0) {
    return system_error("stat " + path, errno);
  }
  if (!S_ISREG(found.st_mode)) {
    return std::optional<std::string>();
  }
  const auto size = static_cast<size_t>(found.st_size);
  if (size > limit_bytes) {
    return Error{ErrorKind::kSystem,
                 fmt::format("{} has {} bytes, more than {}", path, size, limit_bytes)};
  }
  std::string content(size, '\0');
  for (size_t at = 0; at < size;) {
    const ssize_t n = ::read(file.get(), content.data() + at, size - at);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return system_error("read " + path, errno);
    }
    if (n == 0) {
      content.resize(at);  // it has become shorter
      break;
    }
    at += static_cast<size_t>(n);
  }
  return std::optional<std::string>(std::move(content));
}

}  // namespace relapse::os
