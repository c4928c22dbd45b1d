#pragma once
// Follows a tree of processes step by step, without any wait of its own: the caller's event loop
// calls step() when next_due_ms() has come, and does with the answer what it sees fit.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "diagnose/assess.h"
#include "diagnose/collect.h"
#include "diagnose/progress.h"
#include "diagnose/tree.h"
#include "model/diagnosis.h"
#include "os/fd_activity.h"

namespace relapse::diagnose {

struct WatchStep {
  std::optional<model::Diagnosis> hang;  // the verdict "hang"; the watch goes on if it is called
  std::optional<model::Stall> ended_stall;
  bool stall_began = false;
  bool ended = false;  // the root has ended
};

class Watch {
 public:
  // `root` is the host pid. `began_ms` on the caller's clock is the zero of stalls.
  Watch(int root, const Settings& settings, double began_ms);

  WatchStep step(double now_ms, const Knowledge& knowledge,
                 const std::vector<Counter>& counters = {});
  double next_due_ms() const { return next_due_ms_; }

  // What can be said now: a hang, or what moves the program, or why neither can be said.
  model::Diagnosis report(double now_ms, const Knowledge& knowledge);

  int root() const { return tree_.root(); }
  // True while something looks like a hang, but a timer or an outsider is still given its time:
  // whoever can wait longer learns more.
  bool waiting_out() const { return waiting_out_; }
  int looks() const { return looks_; }  // full ones, so far

 private:
  // The bytes of one standard input.
  struct Input {
    std::uint64_t started = 0;  // of its process
    std::uint64_t inode = 0;
    double since_ms = 0;
    std::uint64_t first_cpu_ns = 0;  // of its process when the watch on it began
    bool socket = false;
    std::uint64_t queued = 0;
    std::uint64_t written = 0;  // the sum of all rises of the queue
    os::Activity before;
    os::Activity now;
  };
  struct RunningStall {
    double began_ms = 0;
    int process = 0;
    model::Cause cause = model::Cause::kUnknown;
    std::string sentence;
  };

  void sample(double now_ms, const std::vector<Counter>& counters);
  void watch_descriptors(const os::ProcStat& stat, double now_ms);
  void follow_inputs(double now_ms);
  void add_inputs(History& history, double now_ms) const;
  bool worth_a_look(double now_ms) const;
  Assessment look(double now_ms, const Knowledge& knowledge);
  void update_stall(const Assessment& assessment, double now_ms, WatchStep& step);
  std::optional<model::Stall> end_stall(double now_ms);

  Settings settings_;
  double began_ms_;
  double next_due_ms_;
  double next_look_ms_ = 0;
  double young_until_ms_ = 0;
  bool waiting_out_ = false;
  int looks_ = 0;
  Tree tree_;
  Collector collector_;
  Progress progress_;
  std::optional<os::FdActivity> activity_;
  std::map<int, Input> inputs_;  // by host pid
  std::map<int, std::uint64_t> watched_;
  std::optional<RunningStall> stall_;
};

}  // namespace relapse::diagnose
