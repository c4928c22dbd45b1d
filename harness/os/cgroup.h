#pragma once
// Limits of a trial by control groups, v2 or v1, whichever this host lets us use (cgroups(7)).

#include <cstdint>
#include <string>
#include <vector>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

struct CgroupLimits {
  std::uint64_t memory_bytes = 0;  // swap included, where the kernel counts it
  std::uint64_t processes = 0;
};

// How many processes of the group were killed because its memory was full.
std::uint64_t oom_kills(const Fd& memory_events);

// The groups of one trial: a folder in one or more hierarchies. Removed by remove() or, as a
// courtesy, by the destructor; the kernel refuses while a member lives.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(Cgroup&& other) noexcept = default;
  Cgroup& operator=(Cgroup&& other) noexcept = default;
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;
  ~Cgroup();

  // The ways in for a process that is to be a member from its beginning. Moving another process
  // would wait for a grace period of the whole kernel: 10 to 20 ms.
  struct Entrance {
    Fd into;                // for CLONE_INTO_CGROUP; invalid where no hierarchy of version 2 is
    std::vector<Fd> tasks;  // of version 1: the process writes "0", itself, into each
  };
  model::Result<Entrance> open_entrance() const;

  // The file that counts what the kernel has killed for want of memory; for oom_kills(), which
  // works from any root. Invalid without a memory group.
  Fd open_memory_events() const;

  // True when nothing is left of it; false while a member is still there (try again).
  bool remove();

 private:
  friend class CgroupParents;
  struct Part {
    int parent = -1;  // of CgroupParents, which outlives every Cgroup
    std::string name;
    bool v2 = false;
    const char* memory_events = nullptr;  // the file's name, where memory is limited
  };
  std::vector<Part> parts_;
};

// Where groups may be made. Holds folder descriptors, so it works after a change of root.
class CgroupParents {
 public:
  // Never fails: a host without usable groups gives an empty set.
  static CgroupParents find();

  bool limits_memory() const { return memory_; }
  bool limits_processes() const { return processes_; }

  // Parents that turn out to be read-only or out of bounds are an error with the path.
  model::Result<Cgroup> make(const std::string& name, const CgroupLimits& limits) const;

  // Removes what a killed run has left: groups named PREFIX.PID.START… whose maker is dead.
  void sweep(const std::string& prefix) const;

 private:
  struct Parent {
    Fd folder;
    std::string path;
    bool v2 = false;
    bool memory = false;
    bool processes = false;
  };
  void add_v1(const std::string& mount, const std::string& controller);
  void add_v2(const std::string& mount);
  void add(Parent parent);

  std::vector<Parent> parents_;
  bool memory_ = false;
  bool processes_ = false;
};

// Start time in clock ticks since boot: with the pid it names a process for good (proc(5)).
// 0 when there is no such process, or only what its parent has not reaped yet.
std::uint64_t start_ticks(int pid);

}  // namespace relapse::os
