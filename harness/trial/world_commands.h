#pragma once
// Answers env::CommandRunner with worlds: each command in one of its own, some at a time, none of
// them able to change the host's folder, the user's home or anything else.

#include <memory>

#include "builds/command_runner.h"
#include "trial/supervisor.h"

namespace relapse::run {

// The observation of a command: its whole output up to 4 MiB (the end of it, if there is more);
// a deadline is kDeadline, with what could be said about who waited for whom. A command that only
// stays quiet is left alone until then.
class WorldCommands : public env::CommandRunner {
 public:
  static model::Result<std::unique_ptr<WorldCommands>> start(env::RunnerProgress progress);

  model::Result<std::vector<model::Observation>> run(const std::vector<env::WorldCommand>& commands,
                                                     int jobs) override;
  int interrupted() const override { return supervisor_->interrupted(); }

 private:
  WorldCommands(std::unique_ptr<Supervisor> supervisor, env::RunnerProgress progress)
      : supervisor_(std::move(supervisor)), progress_(std::move(progress)) {}

  std::unique_ptr<Supervisor> supervisor_;
  env::RunnerProgress progress_;
  int begun_ = 0;  // commands of earlier runs: progress counts on
};

// Pure but for a look at which folders there are.
model::TrialPlan make_world_plan(const env::WorldCommand& command);

}  // namespace relapse::run
