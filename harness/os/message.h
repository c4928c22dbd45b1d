#pragma once
// One datagram with descriptors over an AF_UNIX SOCK_SEQPACKET socket (SCM_RIGHTS, unix(7)).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

struct Message {
  std::string text;
  std::vector<Fd> fds;
};

// The receiver's limits: a longer text is an error, not a truncation.
constexpr size_t kMessageBytesMax = size_t{64} << 10;
constexpr size_t kMessageFdsMax = 16;

model::Result<> send_message(int socket, std::string_view text, const std::vector<int>& fds = {});

// The same between fork and exec: async-signal-safe, one descriptor. 0 or an errno.
int send_fd(int socket, std::string_view text, int fd);

// nullopt: the other side has closed. Blocks unless the socket is non-blocking, in which case
// "nothing yet" is an Error with EAGAIN; callers poll first.
model::Result<std::optional<Message>> receive_message(int socket);

// A sealed text of any size as a descriptor, for what does not fit a message (memfd_create(2)).
model::Result<Fd> text_as_fd(std::string_view text);
model::Result<std::string> text_of_fd(int fd);

}  // namespace relapse::os
