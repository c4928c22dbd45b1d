#pragma once
// What one thread of a subject is doing right now, by /proc: does it still run, or does it sleep,
// and may it wake without any of the subject's other threads? Files stay open between probes.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.h"

namespace relapse::os {

enum class TaskActivity : std::uint8_t {
  kGone,     // ended, or a zombie
  kBusy,     // running, ready to run, or in the kernel for a disk
  kAsleep,   // only another thread, a signal or an unbounded wait can wake it
  kTimed,    // asleep with a time limit
  kNetwork,  // asleep until an internet socket has news: somebody outside may wake it
};

struct TaskState {
  TaskActivity activity = TaskActivity::kGone;
  std::string episode;  // changes whenever the thread has run: tells one sleep from the next
  // Of a timed sleep that was looked at closely, where it can be told, and is not a time-out.
  std::optional<std::chrono::steady_clock::time_point> wakes_at;
};

class TaskProbe {
 public:
  struct Manner {
    bool closely = true;  // also tell kTimed and kNetwork from kAsleep, which costs more
    // A thread that slept at the last look and has not run since still sleeps. True where a
    // woken thread would run before the one that asks: then one small file tells all.
    bool woken_runs_first = false;
  };
  TaskState look(int tid, Manner manner);

  // Forgets threads that are gone; else descriptors would pile up.
  void forget(int tid) { files_.erase(tid); }

 private:
  struct Files {
    Fd stat;
    Fd schedstat;
    TaskState last;
  };
  std::map<int, Files> files_;
};

// The threads of all descendants of a process, ascending; with `root`, its own too. Complete only
// if nobody could be re-parented away: `pid` is the init of a PID namespace, or lives to the end.
enum class Root { kIncluded, kExcluded };
std::vector<int> threads_of_tree(int pid, Root root);

}  // namespace relapse::os
