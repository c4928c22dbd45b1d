#include "os/message.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace relapse::os {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

// Async-signal-safe. 0 or an errno.
int send_raw(int socket, std::string_view text, const int* fds, size_t count) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMessageFdsMax)> control{};
  if (count > 0) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(rights), fds, sizeof(int) * count);
  }
  while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

Result<> send_message(int socket, std::string_view text, const std::vector<int>& fds) {
  if (text.size() > kMessageBytesMax || fds.size() > kMessageFdsMax) {
    return Error{ErrorKind::kSystem, "message too large"};
  }
  const int failed = send_raw(socket, text, fds.data(), fds.size());
  return failed == 0 ? Result<>(Done{}) : system_error("sendmsg", failed);
}

int send_fd(int socket, std::string_view text, int fd) {
  return send_raw(socket, text, &fd, 1);
}

namespace {

std::vector<Fd> take_fds(msghdr& header) {
  std::vector<Fd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::array<int, kMessageFdsMax> numbers{};
    std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
    for (size_t i = 0; i < count; ++i) {
      fds.emplace_back(numbers.at(i));
    }
  }
  return fds;
}

}  // namespace

Result<std::optional<Message>> receive_message(int socket) {
  Message message;
  message.text.resize(kMessageBytesMax);
  iovec part{message.text.data(), message.text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMessageFdsMax)> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size < 0) {
    // A peer that died with unread data resets the connection: it has closed all the same.
    if (errno == ECONNRESET) {
      return std::optional<Message>();
    }
    return system_error("recvmsg", errno);
  }
  message.fds = take_fds(header);
  if (size == 0 && message.fds.empty()) {
    return std::optional<Message>();
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return Error{ErrorKind::kSystem, "recvmsg: message truncated"};
  }
  message.text.resize(static_cast<size_t>(size));
  return std::optional<Message>(std::move(message));
}

Result<Fd> text_as_fd(std::string_view text) {
  Fd fd(::memfd_create("relapse-text", MFD_CLOEXEC));
  if (!fd.valid()) {
    return system_error("memfd_create", errno);
  }
  while (!text.empty()) {
    ssize_t written = ::write(fd.get(), text.data(), text.size());
    if (written < 0) {
      return system_error("write to a memfd", errno);
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
  return fd;
}

Result<std::string> text_of_fd(int fd) {
  off_t size = ::lseek(fd, 0, SEEK_END);
  if (size < 0) {
    return system_error("lseek", errno);
  }
  std::string text(static_cast<size_t>(size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    ssize_t count = ::pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (count <= 0) {
      return system_error("pread", count == 0 ? EIO : errno);
    }
    have += static_cast<size_t>(count);
  }
  return text;
}

}  // namespace relapse::os
