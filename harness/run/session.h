#pragma once
// A whole `run` or `calibrate`: scenarios, subjects, plans, trials, controls, verdicts, record.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/record.h"
#include "scenario/subjects.h"

namespace relapse::run {

enum class SessionKind { kRun, kCalibrate };

// When a run proves that its scenarios can fail: where no proof is remembered, always, or never.
enum class CalibrateWhen { kWhenNeeded, kAlways, kNever };

struct SessionRequest {
  SessionKind kind = SessionKind::kRun;
  std::string project;
  std::vector<std::string> scenarios;      // names; empty: all
  std::string variant;                     // or calibration case; empty: all
  std::optional<model::ShardFacts> shard;  // only this part of the scenarios
  GivenSubjects given;
  bool require_real = false;
  CalibrateWhen calibrate = CalibrateWhen::kWhenNeeded;
  int jobs = 4;  // trials mostly wait: more than there are processors
  std::uint64_t seed = 1;
  std::optional<double> quiet_ms;  // instead of the scenarios' own
  std::string state_folder;        // where proofs are remembered; empty: nowhere
  std::string record_file;         // where the record will lie, for commands that replay; or empty
  // A record's `schedule`: that very order again, instead of a search. Null: search.
  nlohmann::json replay;
  // As well, of a record's failing calls: this one alone, instead of the scenario's.
  std::optional<model::SyscallErrorSettings> replay_error;
  bool again = false;  // a trial of a record: no proof is asked for, the verdict is its own
  std::map<std::string, std::string> caller;  // the caller's environment: where tools are
};

// What a live view is told; all of them must be set. `trial` is a number of its own for each
// trial, controls too.
struct SessionEvents {
  std::function<void(int more_trials)> expected;
  std::function<void(int trial, const std::string& label)> started;
  std::function<void(int trial)> finished;
  std::function<void()> tick;  // some times a second, while trials run
};

struct SessionResult {
  model::Record record;
  int interrupted_by = 0;  // a signal's number; 0: none
};

// Errors are of usage and of scenarios: nothing was run. Everything later is in the record.
model::Result<SessionResult> run_session(const SessionRequest& request,
                                         const SessionEvents& events);

}  // namespace relapse::run
