#pragma once
// The network of a world: a namespace with a loopback interface and nothing else, and the
// sockets that the fakes of the world listen on.

#include "model/result.h"
#include "os/fd.h"

namespace relapse::world {

// The calling process moves into it, and what it clones from then on.
model::Result<> enter_new_network();

// A TCP socket of 127.0.0.1 in the caller's network; it stays there wherever it is handed to.
model::Result<os::Fd> listen_on(int port);

}  // namespace relapse::world
