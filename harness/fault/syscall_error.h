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
#include "model/syscall_error.h"

namespace relapse::fault {

using model::Injection;
using model::InjectionKind;
using model::SyscallErrorRule;

// One for each call and effect; of a sweep, with nth 1. Unknown names are errors of the scenario.
model::Result<std::vector<SyscallErrorRule>> rules_of(const model::SyscallErrorSettings& settings);

// "ENOSPC", "a write of 4 bytes", "a delay of 10 ms".
std::string to_text(const Injection& injection);

// "ENOSPC" or "28".
model::Result<int> errno_from_text(const std::string& text);

class SyscallErrors {
 public:
  explicit SyscallErrors(std::vector<SyscallErrorRule> rules);

  // Counts the call. The first rule that it completes decides; the others count it too.
  std::optional<Injection> on_call(const model::ScheduleEvent& event, const std::string& program);

  // A rule that was never reached has tested nothing: one sentence each.
  std::vector<std::string> never_reached() const;
  const std::vector<int>& seen() const { return seen_; }  // matching calls, by rule
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
  // The rule to try next; nothing when all were tried, or one was never reached. Several may be
  // under way at a time.
  std::optional<SyscallErrorRule> next();
  void ran(bool reached) { ++(reached ? reached_ : missed_); }
  // How many calls there were to fail; and whether the sweep stopped at its limit before the end.
  int tried() const { return reached_; }
  bool cut_off() const { return missed_ == 0 && rule_.nth >= max_; }

 private:
  SyscallErrorRule rule_;
  int max_;
  int reached_ = 0;
  int missed_ = 0;
};

}  // namespace relapse::fault
