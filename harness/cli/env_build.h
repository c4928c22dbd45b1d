#pragma once
// What the commands that build something share: the file of variables, a runner of worlds with
// its line of progress.

#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "knockout/knockout_plan.h"
#include "reports/progress.h"
#include "trial/world_commands.h"
#include "wanted/env_file.h"

namespace relapse::cli {

// The names and values of a file; empty for no file.
model::Result<env::Environment> supplied_by(const std::string& env_file);

// Runs commands in worlds and shows on a terminal how far it is.
struct WatchedRunner {
  std::unique_ptr<reports::Progress> progress;
  std::unique_ptr<run::WorldCommands> commands;
};
model::Result<WatchedRunner> start_runner();

// On standard error: what is told after it is not all.
void tell_interrupted();

// A question that needs worlds: `ask` is given a runner, and `tell` what came of it; `tell` gives
// the exit code, unless the run was interrupted. What was found until then is told all the same.
template <typename Ask, typename Tell>
int ask_in_worlds(const Ask& ask, const Tell& tell) {
  auto runner = start_runner();
  if (!runner) {
    return report_error(runner.error());
  }
  auto answer = ask(*runner->commands);
  runner->progress->clear();
  const int signal = runner->commands->interrupted();
  if (signal != 0) {
    tell_interrupted();
  }
  if (signal != 0 && !answer) {  // whatever it says, that is why
    return interrupted_exit(signal);
  }
  const int code = answer ? tell(*answer) : report_error(answer.error());
  return signal != 0 ? interrupted_exit(signal) : code;
}

// What is shown to an observed build: the folder `observer` beside the program.
model::Result<std::string> observer_folder();

// For options that take a duration: empty, or what is wrong.
std::string check_duration(const std::string& text);

// Milliseconds on a clock that only goes forward.
double steady_ms();

// The cores that this process may use.
int usable_cores();

}  // namespace relapse::cli
