#pragma once
// What one trial showed. The judge sees nothing else. Plain data.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/call.h"
#include "model/diagnosis.h"
#include "model/file_tree.h"
#include "model/result.h"
#include "model/schedule.h"

namespace relapse::model {

// Why the trial was over; the first cause stands.
enum class TrialEnd {
  kExited,       // the subject ended by itself
  kHang,         // a diagnosis says that it never will; the world was ended
  kDeadline,     // the trial's own limit; the world was ended
  kSetupFailed,  // the world or the subject could not be started: `error`
  kInterrupted,  // by the user
};

// How a command ended: an exit code, or a signal's number.
struct CommandEnd {
  bool signaled = false;
  int code = 0;
  std::string output;  // both streams, bounded
};

struct Observation {
  TrialEnd end = TrialEnd::kSetupFailed;
  Error error;
  bool signaled = false;  // with kExited: by a signal, whose number is `exit_code`
  int exit_code = 0;
  bool out_of_memory = false;           // the world's memory limit was hit
  double duration_ms = 0;               // from exec to the end
  std::optional<double> first_sign_ms;  // first output or first call
  std::string output_tail;              // standard output and error in order of arrival, bounded
  std::uint64_t output_bytes = 0;
  std::uint64_t error_bytes = 0;  // of them, on standard error
  std::vector<Call> calls;
  // What the plan's `collect` asked for, by its path in the world; a folder that is not there is
  // missing here too. Read only where the subject ended by itself.
  std::map<std::string, FileTree> trees;
  std::optional<CommandEnd> check;  // of the plan's `check`, where the subject ended by itself
  // Under call control. No trace: the subject had ended before its first call could be held.
  std::optional<ScheduleTrace> trace;
  std::vector<int> error_calls;     // by rule of the control's `errors`: calls that it matched
  std::vector<ScheduleEvent> held;  // at the end, never let go
  std::optional<Diagnosis> diagnosis;
  std::vector<Stall> stalls;
  std::vector<std::string> notes;
};

}  // namespace relapse::model
