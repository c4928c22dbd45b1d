#pragma once
// PID 1 of a world: finishes the world from inside, starts the subject, reaps, reports, and
// ends (and with it, by the kernel, everything in the world) when the supervisor lets go.

#include <array>

#include "model/world_spec.h"
#include "os/fd.h"
#include "world/zygote/sources.h"

namespace relapse::world {

struct WorldInit {
  model::WorldSpec spec;
  os::Fd control;               // the supervisor's far end; its closing ends the world
  os::Fd ready;                 // one byte arrives when the id maps are in place
  std::array<os::Fd, 3> stdio;  // the subject's
  Sources sources;
  std::vector<os::Fd> groups;  // os::Cgroup::Entrance::tasks
  os::Fd memory_events;        // of the world's group; invalid: RLIMIT_DATA limits memory instead
  bool as_root = false;        // the id map holds 0 and the subject's user, else the user alone
};

// Never returns. Keeps nothing open of the process that it was forked from but what `init` holds.
// What goes wrong is reported as {"event":"failed"} on `control`.
[[noreturn]] void run_world_init(WorldInit init);

}  // namespace relapse::world
