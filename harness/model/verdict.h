#pragma once
// What a trial, a scenario or a whole run comes to, and the exit code that says it to a shell.

#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::model {

enum class VerdictKind { kPass, kFail, kInconclusive, kError };

struct Verdict {
  VerdictKind kind = VerdictKind::kError;
  std::string reason;  // one sentence; empty only for a pass that needs no remark
};

// The word that stands in records: "pass", "fail", "inconclusive", "error".
std::string_view to_word(VerdictKind kind);
Result<VerdictKind> verdict_from_word(std::string_view word);

// Of many: an error outweighs a failure, a failure outweighs a missing answer, and only passes
// make a pass. Nothing at all is inconclusive, never green.
VerdictKind worse(VerdictKind a, VerdictKind b);

enum ExitCode : int {
  kExitPass = 0,
  kExitFail = 1,
  kExitUsage = 2,
  kExitHarness = 3,
  kExitInconclusive = 4,
};

ExitCode exit_code(VerdictKind kind);
ExitCode exit_code(ErrorKind kind);

}  // namespace relapse::model
