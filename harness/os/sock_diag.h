#pragma once
// Sockets of a network namespace as the kernel lists them (sock_diag): who is connected to whom,
// and what waits in the queues. A UNIX socket is listed where it was made, not where it is used.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

enum class SocketFamily { kUnix, kTcp, kUdp };
enum class SocketState { kOther, kConnected, kListening, kConnecting, kClosing };

struct SocketFact {
  SocketFamily family = SocketFamily::kUnix;
  SocketState state = SocketState::kOther;
  bool datagrams = false;
  std::uint64_t inode = 0;             // 0: connected, but not yet accepted
  std::uint64_t peer_inode = 0;        // UNIX only
  std::vector<std::uint64_t> waiting;  // UNIX listener: who connected and is not accepted yet
  std::uint64_t unread = 0;            // bytes; of a listener: connections to accept
  std::uint64_t unsent = 0;            // TCP: written and not acknowledged
  std::string local;                   // address, or the path of a UNIX socket
  std::string remote;
  int local_port = 0;
  int remote_port = 0;
  std::optional<std::uint64_t> bytes_in;  // TCP, over the whole connection
  std::optional<std::uint64_t> bytes_out;
};

class SockDiag {
 public:
  // In the network namespace of `pid`; 0: our own.
  static model::Result<SockDiag> open(int pid);

  // Everything: UNIX, TCP and UDP, IPv4 and IPv6.
  model::Result<std::vector<SocketFact>> list();
  model::Result<std::vector<SocketFact>> list_unix();

 private:
  explicit SockDiag(Fd socket) : socket_(std::move(socket)) {}
  model::Result<> ask(const void* request, size_t size, std::vector<SocketFact>& into);

  Fd socket_;
};

}  // namespace relapse::os
