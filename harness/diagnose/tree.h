#pragma once
// Which processes belong to the subject: the root, all that descend from it, and those that were
// left behind by a parent that ended. An orphan is known by having been seen before, by the
// root's own PID namespace, or by the root's process group or session when the root leads it.

#include <cstdint>
#include <map>

#include "os/proc.h"

namespace relapse::diagnose {

class Tree {
 public:
  explicit Tree(int root) : root_(root) {}

  // Who is there now, zombies included, by host pid. Without the root when it is gone.
  const std::map<int, os::ProcStat>& update();
  const std::map<int, os::ProcStat>& members() const { return members_; }
  // Everybody else on the machine, at the same moment.
  const std::map<int, os::ProcStat>& others() const { return others_; }

  int root() const { return root_; }
  // True when it was seen to lose its parent, or has none in the tree although it is not the root.
  bool orphan(const os::ProcStat& stat) const;
  bool root_ended() const;

 private:
  bool belongs(const os::ProcStat& stat, const std::map<int, os::ProcStat>& all);
  bool in_root_namespace(const os::ProcStat& stat);

  int root_;
  std::uint64_t root_started_ = 0;
  bool leads_group_ = false;
  bool leads_session_ = false;
  std::uint64_t own_namespace_ = 0;
  std::uint64_t root_namespace_ = 0;
  std::map<int, os::ProcStat> members_;
  std::map<int, os::ProcStat> others_;
  struct Origin {
    std::uint64_t started = 0;
    int parent = 0;  // when it was first seen
  };
  std::map<int, Origin> origins_;  // of every process that ever belonged
  std::map<int, std::pair<std::uint64_t, std::uint64_t>> namespaces_;  // pid: (started, id)
};

}  // namespace relapse::diagnose
