// relapse-zygote: started by relapse, with its request socket as descriptor 3; or by hand, as
// `relapse-zygote --once DESCRIPTION`, see once.h.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "os/fd.h"
#include "world/zygote/once.h"
#include "world/zygote/server.h"

namespace {

bool is_socket(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

// Who starts us without a standard stream would have one of our own descriptors in its place.
bool have_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDWR) != fd) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  constexpr int kSocket = 3;
  if (argc == 3 && std::string_view(argv[1]) == "--once") {
    return have_standard_streams() ? relapse::world::run_once(argv[2]) : 2;
  }
  if (!is_socket(kSocket) || ::fcntl(kSocket, F_SETFD, FD_CLOEXEC) != 0 ||
      !have_standard_streams()) {
    (void)std::fputs("relapse-zygote is started by relapse; see relapse --help\n", stderr);
    return 2;
  }
  return relapse::world::serve_zygote(relapse::os::Fd(kSocket));
}
