#pragma once
// Searches the orders of a subject's calls for one that fails; then replays it, reduces it to the
// fewest switches, and explains it. For scenarios and for any command alike: what a trial is, and
// what counts as a failure, the plan and the judge say.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fault/explain.h"
#include "model/observation.h"
#include "model/plan.h"
#include "model/schedule_settings.h"
#include "model/verdict.h"

namespace relapse::run {

struct SearchRequest {
  model::TrialPlan plan;  // its call control is the search's to fill in
  model::ScheduleSettings settings;
  std::uint64_t seed = 1;
  std::vector<fault::ActorHint> hints;
  int at_once = 1;  // trials in one batch
};

struct SearchHooks {
  // Runs the plans, and gives their observations in the same order.
  std::function<std::vector<model::Observation>(const std::vector<model::TrialPlan>&)> run;
  std::function<model::Verdict(const model::TrialPlan&, const model::Observation&)> judge;
};

struct SearchResult {
  model::Verdict verdict;
  model::TrialCounts trials;
  model::Observation seen;  // the first failing trial's, else the last one's
  double duration_ms = 0;   // of all trials
  nlohmann::json schedule;  // for the record
  std::vector<std::string> notes;
};

// Stops at the first failure.
SearchResult search_schedules(const SearchRequest& request, const SearchHooks& hooks);

// What such a trial's calls are subject to.
model::CallControl control_for(const SearchRequest& request, const model::SchedulePlan& schedule);

// One trial again, as `schedule` of a record holds it; its notes say whether it was the same order.
SearchResult replay_schedule(const SearchRequest& request, const SearchHooks& hooks,
                             const nlohmann::json& recorded);

}  // namespace relapse::run
