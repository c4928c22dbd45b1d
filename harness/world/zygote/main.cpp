// relapse-zygote: started by relapse alone, with its request socket as descriptor 3.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "os/fd.h"
#include "world/zygote/server.h"

int main() {
  constexpr int kSocket = 3;
  if (::isatty(kSocket) != 0 || ::fcntl(kSocket, F_SETFD, FD_CLOEXEC) != 0) {
    std::fputs("relapse-zygote is started by relapse; see relapse --help\n", stderr);
    return 2;
  }
  return relapse::world::serve_zygote(relapse::os::Fd(kSocket));
}
