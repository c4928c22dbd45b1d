#pragma once
// Fails system calls of a subject, one trial after the other, and tells what came of it: first a
// trial in which nothing is failed, then each call with each effect, at one of its occurrences or
// at every one in turn. For scenarios and for any command alike: what a trial is, and what counts
// as a failure, the plan and the judge say.
//
// The order of calls is kept the same in each trial (strategy `calm`), so that the seventh write
// is the same write when it is tried again.

#include <string>
#include <vector>

#include "model/syscall_error.h"
#include "search/schedule_search.h"

namespace relapse::run {

struct SweepRequest {
  model::TrialPlan plan;  // its call control is the sweep's to fill in
  model::SyscallErrorSettings settings;
  int at_once = 1;  // trials in one batch
};

struct SweepResult {
  model::Verdict verdict;
  model::TrialCounts trials;
  model::Observation seen;  // the first failing trial's, else the last one's
  model::InjectionFacts facts;
  std::vector<std::string> notes;
  double duration_ms = 0;
};

// Goes on after a failure: how many occurrences fail says how deep the trouble is.
SweepResult sweep_errors(const SweepRequest& request, const SearchHooks& hooks);

// Names of calls and errors; `pointer` is where the settings stand in their document.
model::Result<> check_settings(const model::SyscallErrorSettings& settings,
                               const std::string& pointer);

}  // namespace relapse::run
