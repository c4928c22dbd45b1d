#include "os/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "os/fd.h"
#include "os/sha256.h"

namespace relapse::os {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;

}  // namespace

Result<> write_all(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_error("write " + path, errno);
    }
    content.remove_prefix(static_cast<size_t>(written));
  }
  return Done{};
}

Result<std::string> read_file(const std::filesystem::path& path, size_t limit_bytes) {
  auto fd = open_fd(path.string(), O_RDONLY);
  if (!fd) {
    return fd.error();
  }
  std::string content;
  std::vector<char> chunk(kChunkBytes);
  for (;;) {
    ssize_t count = ::read(fd->get(), chunk.data(), chunk.size());
    if (count < 0) {
      if (errno == EINTR) {
        continue;
      }
      return system_error("read " + path.string(), errno);
    }
    if (count == 0) {
      return content;
    }
    content.append(chunk.data(), static_cast<size_t>(count));
    if (content.size() > limit_bytes) {
      return Error{ErrorKind::kSystem,
                   fmt::format("{} is larger than {} bytes", path.string(), limit_bytes), "", "",
                   0};
    }
  }
}

Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  std::string beside = fmt::format("{}.{}.part", path.string(), ::getpid());
  auto fd = open_fd(beside, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (!fd) {
    return fd.error();
  }
  auto written = write_all(fd->get(), content, beside);
  // An error of a delayed write shows in fsync; after it, close has nothing left to tell.
  if (written && ::fsync(fd->get()) != 0 && errno != EINVAL && errno != EROFS) {
    written = system_error("fsync " + beside, errno);
  }
  fd->reset();
  if (written && ::rename(beside.c_str(), path.c_str()) != 0) {
    written = system_error("rename to " + path.string(), errno);
  }
  if (!written) {
    ::unlink(beside.c_str());
  }
  return written;
}

Result<> append_to_file(const std::filesystem::path& path, std::string_view content) {
  auto fd = open_fd(path.string(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (!fd) {
    return fd.error();
  }
  return write_all(fd->get(), content, path.string());
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  auto fd = open_fd(path.string(), O_RDONLY);
  if (!fd) {
    return fd.error();
  }
  Sha256 hash;
  std::vector<char> chunk(kChunkBytes);
  for (;;) {
    ssize_t count = ::read(fd->get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error("read " + path.string(), errno);
    }
    if (count == 0) {
      return hash.hex();
    }
    hash.add({chunk.data(), static_cast<size_t>(count)});
  }
}

std::string sha256_of_text(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.hex();
}

}  // namespace relapse::os
