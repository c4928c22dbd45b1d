#pragma once
// Schedule exploration of any command, without a scenario: a world for each trial, the order of
// the command's calls decided, and a failure by its exit code or by a check of the user's.

#include <cstdint>
#include <string>

#include "any/any_command.h"
#include "model/schedule_settings.h"
#include "run/session.h"

namespace relapse::run {

struct ExploreRequest : AnyCommand {
  std::string tree_equals;  // "FOLDER=DIR" or "DIR"; empty: none
  model::ScheduleSettings settings;
  std::uint64_t seed = 1;
  std::string record_file;  // where the record will lie, for the command that replays; or empty
  // A record's `schedule`: that very trial again, instead of a search. Null: search.
  nlohmann::json replay;
};

// A failure is a hang, and: with a check, one that does not exit with 0; with a tree, other files;
// without both, an exit code other than 0, a signal, other files than two undisturbed runs left
// alike, or complaints on standard error where both were silent. The record has one entry.
model::Result<SessionResult> explore(const ExploreRequest& request, const SessionEvents& events);

// The request of an entry that `explore` made; the environment is the caller's.
model::Result<ExploreRequest> explore_request_of(const model::ScenarioRecord& entry);

}  // namespace relapse::run
