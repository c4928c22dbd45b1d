#pragma once
// Who is stuck: the greatest fixpoint over the ways out of every thread's wait. Pure.
//
// Assume every thread that sleeps is stuck. Release each one that has a way out through somebody
// or something that is not stuck, again and again, until nothing changes. What remains waits
// only for itself: a closed set.
//
// It is asked twice. Strictly, every timer and every outsider counts as a way out: what remains is
// proved to be stuck. Patiently, time-outs beside another wait and outsiders that show no sign
// are left out: what remains is stuck unless one of those wakes it, and the judge (verdict.h)
// asks of each how long it must be waited for.

#include <vector>

#include "diagnose/history.h"
#include "diagnose/ways.h"

namespace relapse::diagnose {

enum class View { kStrict, kPatient };

class WaitGraph {
 public:
  WaitGraph(const Snapshot& snapshot, const History& history, const Settings& settings);

  bool stuck(size_t node, View view) const { return stuck_[static_cast<size_t>(view)][node]; }
  bool process_stuck(int host_pid, View view) const;
  // Whether this one could end a wait, in that view.
  bool alive(const Hope& hope, const ThreadNode& of, View view) const;

  const std::vector<ThreadNode>& nodes() const { return nodes_; }
  const std::vector<size_t>& nodes_of(int host_pid) const;
  const Snapshot& snapshot() const { return snapshot_; }
  const History& history() const { return history_; }
  const Settings& settings() const { return settings_; }

  // Whether `from` waits, directly or through others, for `to`.
  bool waits_for(int from, int to) const;
  // Every process that what `from` waits for depends on, itself included.
  std::vector<int> closure(const std::vector<int>& from) const;

 private:
  void solve(View view);
  bool runs(const ThreadNode& node, View view) const;
  std::vector<int> targets(const ThreadNode& node) const;

  const Snapshot& snapshot_;
  const History& history_;
  const Settings& settings_;
  std::vector<ThreadNode> nodes_;
  std::map<int, std::vector<size_t>> by_process_;
  std::map<int, size_t> by_thread_;
  std::vector<std::vector<bool>> stuck_;
};

}  // namespace relapse::diagnose
