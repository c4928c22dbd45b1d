#include "fault/reduce.h"

#include <algorithm>
#include <map>
#include <string>

namespace relapse::fault {

using model::Result;
using model::ScheduleEvent;
using model::SchedulePlan;
using model::ScheduleSwitch;
using model::ScheduleTrace;

namespace {

using Switches = std::vector<ScheduleSwitch>;

class Reducer {
 public:
  Reducer(const ScheduleTrace& failing, const RunPlan& run, int runs_max)
      : run_(run), runs_max_(runs_max), base_(failing) {}

  Result<Reduction> reduce() {
    out_.failing = base_;
    auto again = run_(replay_plan(base_));
    ++out_.runs;
    if (!again) {
      return again.error();
    }
    if (!again->failed) {
      out_.passing = std::move(again->trace);
      return out_;
    }
    out_.reproduced = true;
    keep(std::move(again->trace));
    Switches all = switches_of(base_.events);
    // Without any switch first: some failures need no preemption at all.
    if (fails({})) {
      out_.complete = error_ == std::nullopt;
    } else if (fails(all)) {
      minimize(all);
    }
    if (error_) {
      return *error_;
    }
    return out_;
  }

 private:
  bool may_run() const { return !error_ && out_.runs < runs_max_; }

  bool fails(const Switches& switches) {
    if (!may_run()) {
      return false;
    }
    SchedulePlan plan = base_.plan;
    plan.strategy = "switches";
    plan.order = base_.events;
    plan.switches = switches;
    auto attempt = run_(plan);
    ++out_.runs;
    if (!attempt) {
      error_ = attempt.error();
      return false;
    }
    if (attempt->failed) {
      keep(std::move(attempt->trace));
      return true;
    }
    out_.passing = std::move(attempt->trace);
    return false;
  }

  void keep(ScheduleTrace trace) {
    if (count_switches(trace.events) <= count_switches(out_.failing.events)) {
      out_.failing = std::move(trace);
    }
  }

  // ddmin over the switches: ever smaller chunks are left out, until none can be.
  void minimize(Switches current) {
    size_t chunks = 2;
    while (current.size() > 1 && may_run()) {
      size_t length = (current.size() + chunks - 1) / chunks;
      bool smaller = false;
      for (size_t from = 0; from < current.size() && may_run(); from += length) {
        Switches rest(current.begin(), current.begin() + static_cast<std::ptrdiff_t>(from));
        size_t to = std::min(from + length, current.size());
        rest.insert(rest.end(), current.begin() + static_cast<std::ptrdiff_t>(to), current.end());
        if (fails(rest)) {
          current = std::move(rest);
          chunks = std::max<size_t>(chunks - 1, 2);
          smaller = true;
          break;
        }
      }
      if (!smaller) {
        if (length == 1) {
          break;  // every single one was tried
        }
        chunks = std::min(chunks * 2, current.size());
      }
    }
    out_.complete = may_run();
  }

  const RunPlan& run_;
  int runs_max_;
  const ScheduleTrace& base_;
  Reduction out_;
  std::optional<model::Error> error_;
};

}  // namespace

std::vector<ScheduleSwitch> switches_of(const std::vector<ScheduleEvent>& events) {
  Switches switches;
  std::map<std::string, int> made;
  const ScheduleEvent* previous = nullptr;
  for (const auto& event : events) {
    if (event.withdrawn) {
      continue;
    }
    if (previous != nullptr && previous->actor != event.actor) {
      switches.push_back({previous->actor, made[previous->actor], event.actor});
    }
    ++made[event.actor];
    previous = &event;
  }
  return switches;
}

SchedulePlan replay_plan(const ScheduleTrace& trace) {
  SchedulePlan plan = trace.plan;
  plan.strategy = "replay";
  plan.order = trace.events;
  plan.switches.clear();
  return plan;
}

Result<Reduction> reduce(const ScheduleTrace& failing, const RunPlan& run, int runs_max) {
  return Reducer(failing, run, runs_max).reduce();
}

}  // namespace relapse::fault
