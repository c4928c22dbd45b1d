#pragma once
// From the zygote to a world's PID 1.

#include "os/cgroup.h"
#include "world/zygote/world_init.h"

namespace relapse::world {

// Whether this process's own user namespace knows `id`, as a user and as a group: only then can
// a world's.
bool is_mapped(unsigned id);

struct Cloned {
  int pid = -1;
  os::Fd pidfd;
};

// Clones PID 1 into `group` and into namespaces of its own (the network is the caller's), maps the
// world's users, and lets it go. `proc` is a folder descriptor of the host's /proc. On an error
// nothing is left of the process.
model::Result<Cloned> clone_world(WorldInit init, const os::Cgroup& group, int proc);

}  // namespace relapse::world
