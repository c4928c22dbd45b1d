#pragma once
// Trials of any command of the user's, without a scenario: what `explore` and `inject` share.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/observation.h"
#include "model/plan.h"
#include "run/session.h"

namespace relapse::run {

class Supervisor;

inline constexpr double kDefaultDeadlineMs = 60'000;

struct AnyCommand {
  std::vector<std::string> command;
  std::string folder;                       // the current folder, absolute
  std::map<std::string, std::string> env;   // the caller's whole environment
  std::string user_files;                   // a folder, copied into each world; empty: none
  std::string check;                        // for sh -c, in the world; empty: none
  double deadline_ms = kDefaultDeadlineMs;  // of one trial
};

// As one would type it.
std::string command_text(const std::vector<std::string>& command);

// Of a command line that repeats trials: an option for a shell, nothing where it has no value.
std::string option_text(std::string_view option, const std::string& value);
// How such a line ends: what a trial of the command takes that is no default, and the command.
std::string trial_text(const AnyCommand& command);

// With the check, but without an expectation.
model::TrialPlan plan_for(const AnyCommand& command);

// Where its program works: calls elsewhere are a loader's and an interpreter's start-up. A home
// that was not asked for holds tools, whose start-up is noise too.
std::vector<std::string> work_folders(const model::TrialPlan& plan);

// Whether the folder where the program starts is small enough for its files to be compared after
// every trial.
bool is_comparable(const AnyCommand& command);

// All that the same trial takes but the environment, which is the caller's and may hold secrets:
// for the record, and back.
nlohmann::json command_json(const AnyCommand& command);
model::Result<> read_command(const nlohmann::json& object, const std::string& pointer,
                             AnyCommand& out);

// An error where a folder is named that is not there.
model::Result<> check_command(const AnyCommand& command);

// The entry of a record, with what the program is: by PATH where it is called by name.
model::ScenarioRecord entry_for(const AnyCommand& command, const std::string& id);
void show(const model::Observation& seen, model::ScenarioRecord& entry);

class CommandTrials {
 public:
  explicit CommandTrials(const SessionEvents& events);
  ~CommandTrials();
  CommandTrials(const CommandTrials&) = delete;
  CommandTrials& operator=(const CommandTrials&) = delete;

  // False, with the reason in `entry`, where this host allows no worlds.
  bool start(model::ScenarioRecord& entry);
  std::vector<model::Observation> run(const std::vector<model::TrialPlan>& plans);
  int at_once() const { return at_once_; }
  int interrupted() const;  // by a signal of this number; 0: by none

 private:
  const SessionEvents& events_;
  int at_once_;
  std::unique_ptr<Supervisor> supervisor_;
  int begun_ = 0;
};

}  // namespace relapse::run
