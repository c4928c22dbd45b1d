#include "fault/syscall_error.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace relapse::fault {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::ScheduleEvent;

namespace {

// The kernel answers with nothing above it (MAX_ERRNO is 4095, the last named one 133).
constexpr int kErrnoMax = 133;

bool matches(const std::string& pattern, const std::string& text) {
  return pattern.empty() || ::fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

bool matches(const SyscallErrorRule& rule, const ScheduleEvent& event, const std::string& program) {
  if (rule.call != event.call || !matches(rule.program, program)) {
    return false;
  }
  return rule.path.empty() ||
         std::any_of(event.paths.begin(), event.paths.end(),
                     [&](const std::string& path) { return matches(rule.path, path); });
}

}  // namespace

std::string to_text(const Injection& injection) {
  switch (injection.kind) {
    case InjectionKind::kErrno: {
      const char* name = ::strerrorname_np(injection.value);
      return name == nullptr ? fmt::format("errno {}", injection.value) : name;
    }
    case InjectionKind::kShortWrite:
      return fmt::format("a write of {} bytes", injection.value);
    case InjectionKind::kDelay:
      return fmt::format("a delay of {} ms", injection.value);
  }
  return "";
}

Result<std::vector<SyscallErrorRule>> rules_of(const model::SyscallErrorSettings& settings) {
  std::vector<Injection> effects;
  for (const auto& name : settings.errors) {
    auto number = errno_from_text(name);
    if (!number) {
      return number.error();
    }
    effects.push_back({InjectionKind::kErrno, *number});
  }
  for (int bytes : settings.short_writes) {
    effects.push_back({InjectionKind::kShortWrite, bytes});
  }
  for (int ms : settings.delays_ms) {
    effects.push_back({InjectionKind::kDelay, ms});
  }
  std::vector<SyscallErrorRule> rules;
  for (const auto& call : settings.calls) {
    for (const auto& effect : effects) {
      // Only a write can be short.
      if (effect.kind == InjectionKind::kShortWrite && call != "write") {
        return Error{ErrorKind::kScenario, fmt::format("'{}' cannot be short: no write", call),
                     "name the call write"};
      }
      rules.push_back(
          {call, settings.path, settings.program, settings.sweep ? 1 : settings.nth, effect});
    }
  }
  return rules;
}

Result<int> errno_from_text(const std::string& text) {
  int number = 0;
  const char* end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc() && parsed.ptr == end && number > 0 && number <= kErrnoMax) {
    return number;
  }
  for (number = 1; number <= kErrnoMax; ++number) {
    const char* name = ::strerrorname_np(number);
    if (name != nullptr && text == name) {
      return number;
    }
  }
  return Error{ErrorKind::kScenario, fmt::format("'{}' is not an errno", text),
               "a name such as ENOSPC, or its number", "", 0};
}

SyscallErrors::SyscallErrors(std::vector<SyscallErrorRule> rules)
    : rules_(std::move(rules)), seen_(rules_.size()) {}

std::optional<Injection> SyscallErrors::on_call(const ScheduleEvent& event,
                                                const std::string& program) {
  std::optional<Injection> decided;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (!matches(rules_[i], event, program)) {
      continue;
    }
    ++seen_[i];
    if (!decided && (rules_[i].nth == 0 || seen_[i] == rules_[i].nth)) {
      decided = rules_[i].injection;
    }
  }
  return decided;
}

std::vector<std::string> SyscallErrors::never_reached() const {
  std::vector<std::string> out;
  for (size_t i = 0; i < rules_.size(); ++i) {
    int needed = std::max(rules_[i].nth, 1);
    if (seen_[i] < needed) {
      out.push_back(fmt::format("{} at {} number {}{}{} was never reached: {} such calls were made",
                                to_text(rules_[i].injection), rules_[i].call, needed,
                                rules_[i].path.empty() ? "" : " of ", rules_[i].path, seen_[i]));
    }
  }
  return out;
}

std::optional<SyscallErrorRule> SyscallErrorSweep::next() {
  if (missed_ > 0 || rule_.nth >= max_) {
    return std::nullopt;
  }
  ++rule_.nth;
  return rule_;
}

}  // namespace relapse::fault
