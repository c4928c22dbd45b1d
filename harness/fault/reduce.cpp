#include "fault/reduce.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>

#include "fault/schedule.h"

namespace relapse::fault {

using model::Result;
using model::ScheduleEvent;
using model::SchedulePlan;
using model::ScheduleSwitch;
using model::ScheduleTrace;

namespace {

using Switches = std::vector<ScheduleSwitch>;

// With s switches there are 2^s parts to try for every actor: beyond this they cost more runs
// than the one switch that may be won is worth.
constexpr size_t kSwitchesRecombined = 3;

// A subject that fails in nearly every order needs no neighbour to be explained.
constexpr int kPassingTries = 8;

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
      out_.complete = true;
    } else if (fails(all)) {
      auto minimal = minimize(all);
      begin_with_others(minimal);
      out_.complete = may_run();
    }
    look_for_passing();
    if (error_) {
      return *error_;
    }
    out_.passing = nearest_passing();
    return out_;
  }

 private:
  bool may_run() const { return !error_ && out_.runs < runs_max_; }

  bool fails(const Switches& switches) {
    SchedulePlan plan = base_.plan;
    plan.strategy = "switches";
    plan.order = base_.events;
    plan.switches = switches;
    return run_fails(plan);
  }

  bool run_fails(const SchedulePlan& plan) {
    if (!may_run()) {
      return false;
    }
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
    passing_.push_back(std::move(attempt->trace));
    return false;
  }

  // What failed without a single switch may still pass in the order that nobody disturbs, or in
  // one of a few others.
  void look_for_passing() {
    SchedulePlan plan = base_.plan;
    plan.strategy = "calm";
    for (int tries = 0; tries < kPassingTries && passing_.empty() && may_run(); ++tries) {
      run_fails(plan);
      plan.strategy = "walk";
      ++plan.seed;
    }
  }

  void keep(ScheduleTrace trace) {
    if (count_forced(trace) <= count_forced(out_.failing)) {
      out_.failing = std::move(trace);
    }
  }

  // ddmin over the switches: ever smaller chunks are left out, until none can be.
  Switches minimize(Switches current) {
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
    return current;
  }

  // Who goes on where the turn passes by itself is not among the switches, and an unlucky one costs
  // one more of them: tries the others with every smaller part of what remained, the smallest
  // first.
  void begin_with_others(const Switches& minimal) {
    if (minimal.empty() || minimal.size() > kSwitchesRecombined) {
      return;
    }
    std::set<std::string> actors;
    for (const auto& entry : minimal) {
      actors.insert({entry.from, entry.to});
    }
    for (size_t size = 0; size < minimal.size(); ++size) {
      for (unsigned subset = 0; subset < 1U << minimal.size(); ++subset) {
        if (static_cast<size_t>(std::popcount(subset)) != size) {
          continue;
        }
        for (const auto& actor : actors) {
          Switches candidate = {{"", 0, actor}};
          for (size_t i = 0; i < minimal.size(); ++i) {
            if ((subset >> i & 1U) != 0) {
              candidate.push_back(minimal[i]);
            }
          }
          if (fails(candidate)) {
            return;
          }
        }
      }
    }
  }

  // The one that shares the longest beginning and end with the failing one.
  std::optional<ScheduleTrace> nearest_passing() {
    const auto& failing = out_.failing.events;
    auto same = [](const ScheduleEvent& a, const ScheduleEvent& b) { return a.same_step(b); };
    auto shared = [&](const ScheduleTrace& trace) {
      const auto& events = trace.events;
      auto head = std::mismatch(failing.begin(), failing.end(), events.begin(), events.end(), same);
      auto tail =
          std::mismatch(failing.rbegin(), failing.rend(), events.rbegin(), events.rend(), same);
      return (head.first - failing.begin()) + (tail.first - failing.rbegin());
    };
    auto best =
        std::max_element(passing_.begin(), passing_.end(),
                         [&](const auto& a, const auto& b) { return shared(a) < shared(b); });
    return best == passing_.end() ? std::nullopt : std::optional(std::move(*best));
  }

  const RunPlan& run_;
  int runs_max_;
  const ScheduleTrace& base_;
  Reduction out_;
  std::vector<ScheduleTrace> passing_;
  std::optional<model::Error> error_;
};

}  // namespace

int count_forced(const ScheduleTrace& trace) {
  const auto& switches = trace.plan.switches;
  return trace.plan.strategy == "switches"
             ? static_cast<int>(
                   std::count_if(switches.begin(), switches.end(),
                                 [](const auto& entry) { return !entry.from.empty(); }))
             : count_switches(trace.events);
}

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
    made[event.actor] += event.call == kSleep ? 0 : 1;
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

SchedulePlan detail_plan(const ScheduleTrace& trace) {
  SchedulePlan plan = replay_plan(trace);
  plan.strategy = "follow";
  plan.points = model::PointSet::kReads;
  return plan;
}

Result<Reduction> reduce(const ScheduleTrace& failing, const RunPlan& run, int runs_max) {
  return Reducer(failing, run, runs_max).reduce();
}

}  // namespace relapse::fault
