#pragma once
// Failing system calls for any command, without a scenario: a world for each trial, one call (or
// each in turn) failed, cut short or delayed, and a look at what the command makes of it.

#include <cstdint>

#include "any/any_command.h"
#include "model/syscall_error.h"
#include "run/session.h"

namespace relapse::run {

struct InjectRequest : AnyCommand {
  model::SyscallErrorSettings settings;
  std::string record_file;  // where the record will lie, for the command that replays; or empty
};

// A command bears a failing call if it ends with 0 and leaves what it leaves undisturbed, or ends
// with another code and says something. It does not if it ends with 0 and leaves less, dies by a
// signal, fails without a word, or hangs. With a check, the check alone decides (and a hang). The
// record has one entry, "inject".
model::Result<SessionResult> inject(const InjectRequest& request, const SessionEvents& events);

// The request for the first failing call of an entry that `inject` made, alone; the environment is
// the caller's.
model::Result<InjectRequest> inject_request_of(const model::ScenarioRecord& entry);

}  // namespace relapse::run
