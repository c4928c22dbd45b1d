#pragma once
// A trial that is to be run: made by the planner from a scenario and the subjects, complete, so
// that the supervisor decides nothing and the same plan gives the same trial again.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/record.h"
#include "model/scenario.h"
#include "model/schedule.h"
#include "model/schedule_settings.h"
#include "model/syscall_error.h"
#include "model/world_spec.h"

namespace relapse::model {

// What the subject finds on its standard input.
enum class StandardInput {
  kNull,          // /dev/null: nothing, and its end at once
  kOpen,          // a pipe that stays open, and nothing comes
  kLineThenOpen,  // one line, and then nothing more, but no end either
};

// A folder of the world that is looked at when the subject has ended, before the world goes.
struct Collect {
  std::string path;     // absolute, in the world
  std::string copy_to;  // a folder of the host that does not exist yet; empty: only looked at
};

// What is done to the subject's system calls: their order is decided.
struct CallControl {
  SchedulePlan schedule;
  std::vector<std::string> folders;  // of the world: calls about other places are left alone
  std::vector<std::string> calls;    // further calls that are scheduling points there, by name
  std::vector<SyscallErrorRule> errors;
  std::vector<std::string> anywhere;  // calls that count outside the folders too, by name
  bool predict = true;                // tell in the trace what each call will meet; costs time
  bool replies = false;               // the fakes' replies are held and let go like calls
};

struct TrialPlan {
  std::string id;  // of the scenario
  std::string component;
  std::string variant;
  std::vector<SubjectFacts> subjects;
  std::optional<SpecimenFacts> specimen;
  std::optional<Cause> expected_cause;
  WorldSpec world;
  nlohmann::json fakes;                 // as in the scenario, variables filled in
  std::vector<std::string> fake_names;  // in the order of world.listen_ports
  std::string word;                     // the model's one-time word
  std::vector<Expectation> expect;      // variables filled in
  double quiet_ms = 0;
  double deadline_ms = 0;
  // So much of the end of the output is kept: enough for a stack trace and some lines of log.
  std::uint64_t output_bytes_max = std::uint64_t{16} << 10;
  StandardInput standard_input = StandardInput::kNull;
  std::optional<ScheduleSettings> schedule;           // one of many trials: orders are searched
  std::optional<SyscallErrorSettings> syscall_error;  // as well: calls are failed
  std::optional<CallControl> call_control;            // of one trial
  // Run in the same world when the subject has ended, before the world goes; empty: nothing.
  std::vector<std::string> check;
  // Nothing may come on standard error: an undisturbed run of the same command is silent there.
  bool silent_error = false;
  std::vector<Collect> collect;
  std::string main_role;
  std::map<std::string, std::string> program_roles;  // a word of its command line → role
  std::vector<std::string> secrets;                  // values that no report may hold
  std::string control_change;                        // of a control: what was changed
};

}  // namespace relapse::model
