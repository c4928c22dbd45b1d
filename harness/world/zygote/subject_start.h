#pragma once
// The last step into a world: from PID 1 to the subject's own program.

#include <array>

#include "model/world_spec.h"
#include "os/fd.h"

namespace relapse::world {

struct StartedSubject {
  int pid = -1;  // in the world
  os::Fd pidfd;
};

// Starts the subject as the world's user, without any capability, in its own session. Returns
// once exec has succeeded. A controlled subject's seccomp listener goes out on `control` as
// {"event":"listener"} with the descriptor. `limit_memory`: for each process, by RLIMIT_DATA,
// for a world whose memory no group limits.
model::Result<StartedSubject> start_subject(const model::WorldSpec& spec,
                                            const std::array<os::Fd, 3>& stdio,
                                            const os::Fd& control, bool limit_memory);

}  // namespace relapse::world
