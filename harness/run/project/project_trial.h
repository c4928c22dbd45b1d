#pragma once
// A trial of a project: its scenario's steps, one after the other, each in a world of its own. It
// says which commands come next and is told what became of them; who runs them is not its concern.

#include <memory>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "contract/contract_trial.h"
#include "knockout/knockout_plan.h"
#include "model/scenario.h"
#include "model/verdict.h"
#include "os/scratch_folder.h"
#include "scenario/project_view.h"

namespace relapse::run {

struct ProjectOutcome {
  model::Verdict verdict;
  std::string step;  // at which it failed
  std::vector<std::string> notes;
  std::string output_tail;  // of the last step that ran a line
  double duration_ms = 0;   // of all its worlds together
};

// What trials of projects have in common.
struct ProjectTools {
  env::Environment caller;  // of who asks, for where the tools are
  std::string page_driver;  // see env::PageTools
  std::string pictures;     // a folder for pages' pictures; empty: none are kept
};

class ProjectTrial {
 public:
  // `name`: of the variant or the case. `tools` and `runner` outlive it; the runner is for short
  // questions whose answers decide what is to be run.
  static model::Result<std::unique_ptr<ProjectTrial>> start(const model::Scenario& scenario,
                                                            const std::string& name,
                                                            const std::string& folder,
                                                            const std::vector<std::string>& patches,
                                                            const ProjectTools& tools,
                                                            env::CommandRunner& runner);

  // What is to be run now, all at once; empty: it is over.
  std::vector<env::WorldCommand> next();
  // What became of it, in the same order.
  void take(const std::vector<model::Observation>& seen);

  ProjectOutcome outcome() const;
  const std::vector<std::string>& secrets() const { return secrets_; }

 private:
  struct StepEnd {
    std::string name;
    model::VerdictKind kind = model::VerdictKind::kPass;
    std::string reason;
    std::string output;
  };

  ProjectTrial(const model::Scenario& scenario, const ProjectTools& tools,
               env::CommandRunner& runner, os::ScratchFolder scratch)
      : scenario_(scenario), tools_(tools), runner_(runner), scratch_(std::move(scratch)) {}
  env::WorldCommand command_of(const model::Step& step) const;
  model::Result<> begin_checks();
  void end_checks();
  std::string kept_copy(const model::Step& step) const;
  void end_step(StepEnd end);
  void take_run(const model::Step& step, const model::Observation& seen);
  const StepEnd* find(const std::string& step) const;
  model::Verdict judge(const model::StepExpectation& wanted) const;

  const model::Scenario& scenario_;
  std::string name_;
  const ProjectTools& tools_;
  env::CommandRunner& runner_;
  os::ScratchFolder scratch_;
  ProjectView view_;
  std::unique_ptr<env::ContractTrial> checks_;  // while the steps are checks
  std::vector<StepEnd> ended_;
  size_t at_ = 0;  // of the steps
  bool over_ = false;
  double duration_ms_ = 0;
  std::vector<std::string> notes_;
  std::vector<std::string> secrets_;
};

}  // namespace relapse::run
