#pragma once
// Carries a plan out on a subject behind a gate: waits until the subject is quiet, lets the
// scheduler choose one of the held calls, lets it go, and writes the trace.
//
// An actor is a thread of the subject, named by descent. The nth thread or process
// that "0.1" starts is "0.1.n", whatever its thread id; that holds because starts are held calls
// themselves, let go one at a time. Each reply of a fake is an actor of its own with one step: any
// of them may come first, and those not chosen wait.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/reply_source.h"
#include "control/schedule_gate.h"
#include "fault/schedule.h"
#include "fault/syscall_error.h"
#include "model/schedule.h"

namespace relapse::run {

struct ScheduleLimits {
  int deadline_ms = 60'000;      // of the whole trial
  int replay_patience_ms = 500;  // how long a replay waits for a recorded call that is not there
  // Who sleeps for longer is not waited for: the trial would take as long.
  int sleep_ms = 2'000;
};

struct ScheduleHooks {
  // The errno that a call will meet, by a look at the files; nothing: cannot be told.
  std::function<std::optional<int>(const HeldCall&)> predict;
  fault::SyscallErrors* errors = nullptr;  // outlives the run
  ReplySource* replies = nullptr;          // as well; none: the fakes' replies are not decided
  std::function<bool()> stop;              // asked at every turn; true ends the run
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
};

enum class ScheduleEnd { kSubjectEnded, kDeadline, kStopped };

struct ScheduleOutcome {
  model::ScheduleTrace trace;
  ScheduleEnd end = ScheduleEnd::kSubjectEnded;
  std::vector<model::ScheduleEvent> held;  // at the end, never let go
};

class ScheduleController {
 public:
  ScheduleController(ScheduleGate& gate, const model::SchedulePlan& plan,
                     const ScheduleLimits& limits, ScheduleHooks hooks);
  model::Result<ScheduleOutcome> run();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Pending {
    HeldCall call;
    std::string actor;
    std::optional<TimePoint> due;  // set by an injected delay
  };

  // What may go next: a call of `pending_`, a reply, or a sleeper, for whom all wait.
  struct Choice {
    model::ScheduleEvent event;
    size_t index = 0;
    std::uint64_t reply = 0;  // its id; 0: none
    std::optional<Sleeper> sleeper;
  };

  model::Result<model::Done> turn();
  model::Result<bool> at_rest();
  std::vector<Choice> choices() const;
  void take(Arrivals arrivals);
  void adopt(const std::vector<int>& threads);
  const std::string& actor_of(int tid);
  void name(int tid, std::string actor);
  std::set<int> held_threads() const;
  bool any_ready() const;
  bool is_due(const Pending& pending) const;
  int until_next_due_us() const;
  model::ScheduleEvent event_of(const Pending& pending) const;
  model::ScheduleEvent event_of(const ReadyReply& reply) const;
  model::Result<model::Done> release(size_t index, model::ScheduleEvent event);
  void deliver(Choice choice);
  void wait_for(Choice choice);
  bool waits_for_sleeper();
  void offer_sleepers(std::vector<Choice>& choices) const;
  int patience_ms() const;
  bool over();

  ScheduleGate& gate_;
  model::SchedulePlan plan_;
  ScheduleLimits limits_;
  ScheduleHooks hooks_;
  std::optional<fault::Scheduler> scheduler_;
  TimePoint began_;
  ScheduleOutcome outcome_;
  bool ended_ = false;

  std::vector<Pending> pending_;
  int wait_us_ = 0;
  Replies replies_;                          // as the fakes have last told
  bool more_may_come_ = true;                // as the gate has
  std::vector<Sleeper> sleepers_;            // likewise
  std::optional<Sleeper> awaited_;           // whom everybody waits for
  std::map<std::string, int> waits_;         // by actor: how often it was waited for
  std::optional<TimePoint> awaiting_since_;  // a replay waits for a call since then
  std::map<int, std::string> actors_;        // by thread
  std::map<std::string, int> starts_;        // by actor: how many it began
  std::vector<std::string> unborn_;          // names given out, whose thread is not seen yet
  std::map<std::string, int> labelled_;      // by actor: how often its program was looked up
};

}  // namespace relapse::run
