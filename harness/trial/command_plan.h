#pragma once
// A plan for any command of the user's: no scenario, no fakes, the current folder as it is.

#include <string>
#include <vector>

#include "model/plan.h"

namespace relapse::run {

struct CommandRequest {
  std::vector<std::string> command;
  std::string folder;                      // the current folder, absolute
  std::map<std::string, std::string> env;  // the caller's whole environment
  double quiet_ms = 5'000;
  double deadline_ms = 45'000;
  model::StandardInput standard_input = model::StandardInput::kNull;
  // The home (the environment's HOME, or else the user's own) is shown as a writable copy too:
  // builds want the tools and the caches that lie there, and to write to them.
  bool own_home = false;
};

// The command runs as the calling user, without capabilities, and sees the current folder at its
// own path: it may write there, and what it writes goes with the world. Files of hidden folders
// (/tmp, /home, …) that the command line or PATH name are shown too, read-only.
model::TrialPlan make_command_plan(const CommandRequest& request);

}  // namespace relapse::run
