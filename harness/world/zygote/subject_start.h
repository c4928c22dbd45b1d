#pragma once
// The last step into a world: from PID 1 to the subject's own program.

#include "model/world_spec.h"
#include "os/fd.h"

namespace relapse::world {

// Forks and execs the subject as the world's user, without any capability, in its own session.
// Returns its pid (in the world) once exec has succeeded. A controlled subject's seccomp listener
// goes out on `control` as {"event":"listener"} with the descriptor.
model::Result<int> start_subject(const model::WorldSpec& spec, const os::Fd (&stdio)[3],
                                 const os::Fd& control);

}  // namespace relapse::world
