#pragma once
// Failing system calls as plain data: which call is failed, cut short or delayed (a rule), which
// of them a user asks for (settings), and what came of it (facts).

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::model {

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

// As a scenario says it ("fault": {"syscall_error": …}). Each call meets each effect in turn.
struct SyscallErrorSettings {
  std::vector<std::string> calls;
  std::string path;
  std::string program;
  std::vector<std::string> errors;  // "ENOSPC", or a number
  std::vector<int> short_writes;    // bytes that are written
  std::vector<int> delays_ms;
  std::vector<std::string> folders;  // where calls count; none: home and working folder
  int nth = 1;                       // 0: every one
  bool sweep = false;                // instead: the first, the second, … in a trial each
  int most = 1000;                   // a sweep of one call and one effect goes no further
};

nlohmann::ordered_json to_json(const SyscallErrorSettings& settings);
// `pointer`: where it stands in its document.
Result<SyscallErrorSettings> syscall_error_settings_from_json(const nlohmann::json& object,
                                                              const std::string& pointer);

// One call that met one effect: in so many trials, each at another of its occurrences.
struct InjectionRun {
  std::string call;
  std::string effect;    // "ENOSPC", "a write of 4 bytes", "a delay of 10 ms"
  int injected = 0;      // trials in which the call was reached
  int failed = 0;        // of these
  bool cut_off = false;  // there are more occurrences than were tried

  bool operator==(const InjectionRun&) const = default;
};

struct InjectionFailure {
  std::string call;
  std::string effect;
  std::string option;  // the effect as `inject` takes it: "error", "short" or "delay-ms"
  std::string value;   // and its value: "ENOSPC", "4"
  int nth = 0;
  std::string at;  // the very call: "0.2 write /home/user/a"
  std::string reason;

  bool operator==(const InjectionFailure&) const = default;
};

struct InjectionFacts {
  nlohmann::json settings;
  std::vector<InjectionRun> runs;
  std::vector<InjectionFailure> failures;  // the first of them
  nlohmann::json command;  // of `inject`: what its replay takes; null where a scenario stands

  bool operator==(const InjectionFacts&) const = default;
};

inline constexpr size_t kInjectionFailuresShown = 6;

// The first failing injection alone, of all that the facts' settings asked for; nothing where
// none failed.
Result<std::optional<SyscallErrorSettings>> first_failure_of(const InjectionFacts& facts);

nlohmann::ordered_json to_json(const InjectionFacts& facts);
Result<> read_injection_facts(const nlohmann::json& object, const std::string& pointer,
                              InjectionFacts& out);

}  // namespace relapse::model
