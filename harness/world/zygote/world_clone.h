#pragma once
// From the zygote to a world's PID 1.

#include "os/cgroup.h"
#include "world/zygote/world_init.h"

namespace relapse::world {

struct Cloned {
  int pid = -1;
  os::Fd pidfd;
  os::Fd orders;  // see orders.h; closing it, unused, ends the world
  os::Fd mounts;  // its mount namespace: while this is open, PID 1's death has nothing to unmount
};

// Clones PID 1 into `group` and into namespaces of its own (the network and the template are the
// caller's), maps the world's users, and lets it go. `proc` is a folder descriptor of the host's
// /proc. On an error nothing is left of the process.
model::Result<Cloned> clone_world(const WorldShape& shape, const os::Cgroup& group, int proc);

// Gives PID 1 the scheduling policy that the subject is to inherit: in the world's user namespace
// no capability would do for it. Where we may not either, the subject tries, and says so.
void lend_policy(int pid, int fifo_priority);

}  // namespace relapse::world
