#pragma once
// The zygote: a small process, rooted in the template, that starts worlds on request. It is the
// parent of every PID 1, so it alone reaps them and removes their control groups; it outlives a
// killed supervisor for just as long as that takes.

#include "os/fd.h"

namespace relapse::world {

// Serves requests on `socket` until the other side closes it and every world is gone.
// Returns the exit status.
int serve_zygote(os::Fd socket);

}  // namespace relapse::world
