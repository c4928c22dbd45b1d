#pragma once
// Starts programs in sessions of their own, watches them side by side, and ends them all.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/settings.h"
#include "diagnose/snapshot.h"
#include "model/diagnosis.h"

namespace relapse::test {

struct TrialPlan {
  std::string name;
  std::vector<std::string> command;
  relapse::diagnose::Settings settings;
  double limit_s = 20;  // then what can be said is said
  bool stop_at_hang = true;
  std::string input;  // "" : /dev/null, "silent": a pipe that we hold and never write
  std::function<relapse::diagnose::Knowledge(int pid, double spent_ms)> knowledge;
};

struct TrialResult {
  relapse::model::Diagnosis diagnosis;
  std::vector<relapse::model::Stall> stalls;
  double seconds = 0;
  int host_pid = 0;
  int looks = 0;
  double slowest_analysis_ms = 0;
};

// At most `at_once` at a time; the results in the order of the plans.
std::vector<TrialResult> run_trials(const std::vector<TrialPlan>& plans, size_t at_once);

}  // namespace relapse::test
