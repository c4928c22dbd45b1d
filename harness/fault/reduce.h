#pragma once
// Reduces a failing schedule to the fewest switches between actors that still fails.
//
// The record is first replayed: what does not fail again is not reduced. Then the places where
// the turn passed from one actor to another are the elements of a delta debugging (Zeller and
// Hildebrandt, 2002): a candidate keeps some of them, everywhere else the running actor goes on
// while it can. Each candidate is run through the caller. What remains is 1-minimal: without any
// one of the switches left, the subject passes. If few remain, every smaller part of them is tried
// once more with another actor first. Of the runs that passed, the one nearest to the failing one
// is kept: it is what an explanation compares with.

#include <functional>
#include <optional>
#include <vector>

#include "model/result.h"
#include "model/schedule.h"

namespace relapse::fault {

struct Attempt {
  bool failed = false;
  model::ScheduleTrace trace;
};
using RunPlan = std::function<model::Result<Attempt>(const model::SchedulePlan&)>;

struct Reduction {
  bool reproduced = false;                      // the record failed again when it was replayed
  bool complete = false;                        // 1-minimal, not merely out of runs
  model::ScheduleTrace failing;                 // the best failing trace found
  std::optional<model::ScheduleTrace> passing;  // the nearest that passed
  int runs = 0;
};

// At most `runs_max` runs. An error of `run` ends it.
model::Result<Reduction> reduce(const model::ScheduleTrace& failing, const RunPlan& run,
                                int runs_max);

// Every place of `events` where the turn passes.
std::vector<model::ScheduleSwitch> switches_of(const std::vector<model::ScheduleEvent>& events);

// The switches that were forced: where an actor stood back though it could have gone on. In a trace
// that was not reduced that is not known, and every place where the turn passed counts.
int count_forced(const model::ScheduleTrace& trace);

// The plan that follows `trace` step by step.
model::SchedulePlan replay_plan(const model::ScheduleTrace& trace);
// The same order, the reads in between told as well.
model::SchedulePlan detail_plan(const model::ScheduleTrace& trace);

}  // namespace relapse::fault
