#pragma once
// Failing system calls: which call of a subject is failed, cut short or delayed. Counted over the
// whole tree of threads and processes, so that "the third mkdir" happens once, not once a thread.
// Pure: it sees calls and says what to do; the controller does it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "model/schedule.h"

namespace relapse::fault {

enum class InjectionKind {
  kErrno,       // the call is not made; value: the errno
  kShortWrite,  // only the first `value` bytes are written, and so it says
  kDelay,       // the call is made `value` milliseconds later
};

struct Injection {
  InjectionKind kind = InjectionKind::kErrno;
  int value = 0;
};

struct SyscallErrorRule {
  std::string call;     // as in a trace: "mkdir", "open-create", "write"
  std::string path;     // a pattern as of the shell, '*' matches '/' too; empty: any or none
  std::string program;  // a pattern for the command's name; empty: any
  int nth = 1;          // the first is 1; 0: every one
  Injection injection;
};

// "ENOSPC" or "28".
model::Result<int> errno_from_text(const std::string& text);

class SyscallErrors {
 public:
  explicit SyscallErrors(std::vector<SyscallErrorRule> rules);

  // Counts the call. The first rule that it completes decides; the others count it too.
  std::optional<Injection> on_call(const model::ScheduleEvent& event, const std::string& program);

  // A rule that was never reached has tested nothing: one sentence each.
  std::vector<std::string> never_reached() const;
  bool all_reached() const { return never_reached().empty(); }

 private:
  std::vector<SyscallErrorRule> rules_;
  std::vector<int> seen_;  // matching calls, by rule
};

// Tries a rule at the first matching call, at the second, and so on, until the subject no longer
// makes an Nth call.
class SyscallErrorSweep {
 public:
  SyscallErrorSweep(SyscallErrorRule rule, int nth_max) : rule_(std::move(rule)), max_(nth_max) {
    rule_.nth = 0;
  }
  // The rule to try next; nothing when all were tried, or the last one was never reached.
  std::optional<SyscallErrorRule> next();
  void ran(bool reached) { exhausted_ = !reached; }
  // How many calls there were to fail; and whether the sweep stopped at its limit before the end.
  int tried() const { return exhausted_ ? rule_.nth - 1 : rule_.nth; }
  bool cut_off() const { return !exhausted_ && rule_.nth >= max_; }

 private:
  SyscallErrorRule rule_;
  int max_;
  bool exhausted_ = false;
};

}  // namespace relapse::fault
