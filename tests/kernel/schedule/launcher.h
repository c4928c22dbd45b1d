#pragma once
// Starts a program under a schedule in an ordinary child process: what worlds do in earnest.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "control/schedule_session.h"

namespace relapse::test {

struct Trial {
  int exit_code = -1;  // 128 + signal if it was killed
  std::string output;  // stdout and stderr together
  run::ScheduleOutcome outcome;
  run::ControlMode mode = run::ControlMode::kProcOnly;
  bool failed() const { return exit_code != 0; }
};

struct TrialOptions {
  run::SessionOptions session;
  std::vector<std::string> rule_calls;  // further calls to notify
  std::vector<std::string> folders;     // empty: the work folder
};

// A work folder with the same path in every trial, so that traces compare.
class Bench {
 public:
  explicit Bench(const std::string& name);
  ~Bench();
  const std::string& folder() const { return folder_; }
  // Copied into the work folder before each trial.
  const std::string& template_folder() const { return template_; }

  // `argv`: "{}" stands for the work folder. Fails the running test on a harness error.
  Trial run(const std::vector<std::string>& argv, const model::SchedulePlan& plan,
            TrialOptions options = {}) const;

 private:
  std::string root_;
  std::string folder_;
  std::string template_;
};

// A plan without parameters.
model::SchedulePlan plan_of(const std::string& strategy, std::uint64_t seed = 1,
                            model::PointSet points = model::PointSet::kMutations);

std::string subject(const std::string& kind = "dynamic");
std::string script(const std::string& name);

}  // namespace relapse::test
