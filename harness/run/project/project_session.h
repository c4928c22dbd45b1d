#pragma once
// The trials of projects that a session holds, run side by side: what comes next in each goes to
// the worlds together.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "model/record.h"
#include "project/project_trial.h"

namespace relapse::run {

struct ProjectRequest {
  const model::Scenario* scenario = nullptr;
  std::string name;  // of the variant or the case
  std::string folder;
  std::vector<std::string> patches;
  std::string expected_step;  // of a calibration case: at which it must fail; empty: wherever
};

// One outcome a request, in their order; each is a verdict, whatever became of it.
std::vector<ProjectOutcome> run_projects(const std::vector<ProjectRequest>& requests,
                                         const ProjectTools& tools, env::CommandRunner& runner,
                                         int jobs);

// The outcomes where no world can be made.
std::vector<ProjectOutcome> refused_projects(const std::vector<ProjectRequest>& requests,
                                             const model::Error& error);

// Writes an outcome into the record's entry.
void conclude_project(const ProjectRequest& request, const ProjectOutcome& outcome,
                      model::ScenarioRecord& record);

}  // namespace relapse::run
