#include "world/zygote/network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace relapse::world {

using model::Done;
using model::Result;
using model::system_error;

Result<> enter_new_network() {
  if (::unshare(CLONE_NEWNET) != 0) {
    return system_error("make a network namespace", errno);
  }
  os::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket.valid() || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return system_error("raise the loopback interface", errno);
  }
  return Done{};
}

Result<os::Fd> listen_on(int port) {
  os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!socket.valid() ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    return system_error(fmt::format("listen on 127.0.0.1:{}", port), errno);
  }
  return socket;
}

}  // namespace relapse::world
