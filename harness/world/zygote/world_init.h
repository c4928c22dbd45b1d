#pragma once
// PID 1 of a world: builds the world from inside, waits for its orders, starts the subject, reaps,
// reports, and ends (and with it, by the kernel, everything in the world) when the supervisor
// lets go.

#include <string>
#include <vector>

#include "model/world_spec.h"
#include "os/fd.h"

namespace relapse::world {

// All of a description that the world itself depends on, apart from what is put into it: worlds
// of one shape can be made before anybody asks for them.
struct WorldShape {
  std::string host_name;
  std::string user;
  unsigned uid = 0;
  std::string home;
  std::uint64_t disk_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t processes = 0;
  bool as_root = false;  // the id map holds 0 and the subject's user, else the user alone
  bool operator==(const WorldShape&) const = default;
};

WorldShape shape_of(const model::WorldSpec& spec, bool as_root);

struct WorldInit {
  WorldShape shape;
  os::Fd orders;               // from the zygote: first one byte, when the id maps are in place
  std::vector<os::Fd> groups;  // os::Cgroup::Entrance::tasks
  os::Fd memory_events;        // of the world's group; invalid: RLIMIT_DATA limits memory instead
};

// Never returns. Keeps nothing open of the process that it was forked from but what `init` holds.
// What goes wrong is reported as {"event":"failed"} on the control socket that the orders bring.
[[noreturn]] void run_world_init(WorldInit init);

}  // namespace relapse::world
