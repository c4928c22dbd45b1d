#include "project/project_session.h"

#include <fmt/format.h>

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Observation;
using model::VerdictKind;

namespace {

ProjectOutcome outcome_of(const Error& error) {
  ProjectOutcome outcome;
  outcome.verdict = {
      error.kind == ErrorKind::kUnavailable ? VerdictKind::kInconclusive : VerdictKind::kError,
      error.text()};
  return outcome;
}

// Whose commands stand where among those of all.
struct Share {
  size_t trial = 0;
  size_t begin = 0;
  size_t end = 0;
};

}  // namespace

std::vector<ProjectOutcome> run_projects(const std::vector<ProjectRequest>& requests,
                                         const ProjectTools& tools, env::CommandRunner& runner,
                                         int jobs) {
  std::vector<std::unique_ptr<ProjectTrial>> trials(requests.size());
  std::vector<ProjectOutcome> outcomes(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    auto trial = ProjectTrial::start(*requests[i].scenario, requests[i].name, requests[i].folder,
                                     requests[i].patches, tools, runner);
    if (trial) {
      trials[i] = *std::move(trial);
    } else {
      outcomes[i] = outcome_of(trial.error());
    }
  }
  for (;;) {
    std::vector<env::WorldCommand> commands;
    std::vector<Share> shares;
    for (size_t i = 0; i < trials.size(); ++i) {
      auto own = trials[i] ? trials[i]->next() : std::vector<env::WorldCommand>();
      if (!own.empty()) {
        shares.push_back({i, commands.size(), commands.size() + own.size()});
        commands.insert(commands.end(), own.begin(), own.end());
      }
    }
    if (commands.empty()) {
      break;
    }
    auto seen = runner.run(commands, jobs);
    for (const auto& share : shares) {
      if (!seen) {
        outcomes[share.trial] = outcome_of(seen.error());
        trials[share.trial].reset();
        continue;
      }
      const auto first = seen->begin();
      trials[share.trial]->take({first + static_cast<std::ptrdiff_t>(share.begin),
                                 first + static_cast<std::ptrdiff_t>(share.end)});
    }
  }
  for (size_t i = 0; i < trials.size(); ++i) {
    if (trials[i]) {
      outcomes[i] = trials[i]->outcome();
    }
  }
  return outcomes;
}

std::vector<ProjectOutcome> refused_projects(const std::vector<ProjectRequest>& requests,
                                             const Error& error) {
  return std::vector<ProjectOutcome>(requests.size(), outcome_of(error));
}

void conclude_project(const ProjectRequest& request, const ProjectOutcome& outcome,
                      model::ScenarioRecord& record) {
  record.verdict = outcome.verdict.kind;
  record.reason = outcome.verdict.reason;
  record.duration_ms = outcome.duration_ms;
  record.notes = outcome.notes;
  record.output_tail = outcome.output_tail;
  record.trials.run = 1;
  if (outcome.verdict.kind != VerdictKind::kFail) {
    return;
  }
  record.trials.failed = 1;
  record.trials.first_failure = 1;
  // Failing elsewhere than the incident did is not catching it.
  if (!request.expected_step.empty() && request.expected_step != outcome.step) {
    record.verdict = VerdictKind::kError;
    record.reason = fmt::format("failed, but at {} and not at {}: {}", outcome.step,
                                request.expected_step, outcome.verdict.reason);
  }
}

}  // namespace relapse::run
