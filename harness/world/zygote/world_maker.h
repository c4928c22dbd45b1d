#pragma once
// Makes worlds, and clears away what the kernel leaves of them: the zygote's work without its
// conversation with the supervisor (server.h).

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/world_spec.h"
#include "os/cgroup.h"
#include "world/zygote/mount_roots.h"
#include "world/zygote/orders.h"
#include "world/zygote/world_clone.h"

namespace relapse::world {

// A control group with a dying member refuses its removal for a moment. It is tried again after
// this long.
inline constexpr int kClearingMs = 5;

class WorldMaker {
 public:
  // Changes the calling process for good: its mounts, its network, and, where it is not root,
  // its user namespace. To be called once, in a single-threaded process.
  model::Result<> prepare();

  // Which limits hold in another way than by control groups, one sentence each.
  std::vector<std::string> notes() const;

  struct Started {
    int pid = -1;                   // of PID 1
    os::Fd pidfd;                   // the same
    std::vector<os::Fd> listeners;  // in the order of listen_ports
  };
  model::Result<Started> start(Request request);

  // The next world is made while nothing else is to do, in the likeness of the last: a network
  // namespace is the dearest part, and most of the rest does not depend on the request either.
  // Clears away old mounts, too. False when there is nothing (more) to do.
  bool work_ahead();
  // Ends a world that was made ahead and that nobody will ask for.
  void stop_working_ahead();

  // To be called when a child has died (SIGCHLD): whose worlds are gone for good. While
  // `is_clearing`, call it again soon: a group with a dying member refuses its removal for some
  // milliseconds.
  struct Gone {
    int pid = -1;
    int status = 0;  // of PID 1
    bool oom = false;
  };
  std::vector<Gone> reap();
  bool is_clearing() const { return !leaving_.empty(); }
  bool has_worlds() const { return !living_.empty() || !leaving_.empty(); }

  // What was still dying at our start, of a run that was killed, is dead at our end.
  void sweep() const;

 private:
  struct World {
    os::Cgroup group;
    os::Fd mounts;
  };
  struct Likeness {
    WorldShape shape;
    std::set<Target> targets;
    bool operator==(const Likeness&) const = default;
  };
  struct Ready {
    Likeness likeness;
    Cloned init;
  };

  bool is_mapped(unsigned id) const;
  model::Result<> ensure_network();
  model::Result<Ready> make(const Likeness& likeness);
  void discard_ready();
  model::Result<Ready> take_ready(const Likeness& likeness);

  os::CgroupParents parents_;
  std::string group_prefix_;
  int groups_made_ = 0;
  MountRoots roots_;
  std::set<std::pair<unsigned long, unsigned long>> users_;   // that our namespace knows: first
  std::set<std::pair<unsigned long, unsigned long>> groups_;  // id and count of each range
  bool network_fresh_ = false;  // the network that we are in was no subject's yet
  bool work_failed_ = false;    // or is over; tried again, and the reason told, at the next start
  std::optional<Likeness> last_;
  std::optional<Ready> ready_;
  std::map<int, World> living_;  // by the pid of their PID 1
  std::vector<std::pair<Gone, World>> leaving_;
  std::vector<os::Fd> old_mounts_;
};

}  // namespace relapse::world
