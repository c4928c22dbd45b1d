#pragma once
// What a `run` or `calibrate` will do: one entry for each line of its record, planned before
// anything is started. Reads scenarios and resolves subjects; starts nothing.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/plan.h"
#include "model/record.h"
#include "model/scenario.h"
#include "project/project_session.h"
#include "run/calibration_memory.h"
#include "run/session.h"
#include "scenario/host_tools.h"
#include "scenario/subjects.h"

namespace relapse::run {

// One entry of the record on its way: what can be planned has a plan, the rest a verdict already.
struct Entry {
  const model::Scenario* scenario = nullptr;
  std::optional<model::TrialPlan> plan;
  std::optional<ProjectRequest> project;  // instead of a plan
  model::ScenarioRecord record;
  std::string replay;
};

struct SessionPlan {
  std::vector<model::Scenario> scenarios;  // not to be moved about: the entries point to them
  std::vector<Entry> entries;
  std::map<std::string, model::CalibrationFacts> remembered;  // by scenario: its proof still holds
};

// Errors are of usage and of scenarios.
model::Result<SessionPlan> plan_session(const SessionRequest& request, SubjectResolver& resolver,
                                        const CalibrationMemory& memory);

}  // namespace relapse::run
