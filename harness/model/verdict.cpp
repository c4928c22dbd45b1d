#include "model/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace relapse::model {

namespace {

constexpr std::array<std::string_view, 4> kWords = {"pass", "fail", "inconclusive", "error"};

int severity(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kPass:
      return 0;
    case VerdictKind::kInconclusive:
      return 1;
    case VerdictKind::kFail:
      return 2;
    case VerdictKind::kError:
      return 3;
  }
  return 3;
}

}  // namespace

std::string_view to_word(VerdictKind kind) {
  return kWords.at(static_cast<size_t>(kind));
}

Result<VerdictKind> verdict_from_word(std::string_view word) {
  const auto* found = std::find(kWords.begin(), kWords.end(), word);
  if (found == kWords.end()) {
    return Error{ErrorKind::kScenario, fmt::format("'{}' is not a verdict", word),
                 fmt::format("one of {}", fmt::join(kWords, ", ")), "", 0};
  }
  return static_cast<VerdictKind>(found - kWords.begin());
}

VerdictKind worse(VerdictKind a, VerdictKind b) {
  return severity(a) >= severity(b) ? a : b;
}

ExitCode exit_code(VerdictKind kind) {
  switch (kind) {
    case VerdictKind::kPass:
      return kExitPass;
    case VerdictKind::kFail:
      return kExitFail;
    case VerdictKind::kInconclusive:
      return kExitInconclusive;
    case VerdictKind::kError:
      return kExitHarness;
  }
  return kExitHarness;
}

ExitCode exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
    case ErrorKind::kScenario:
      return kExitUsage;
    case ErrorKind::kUnavailable:
      return kExitInconclusive;
    case ErrorKind::kSystem:
      return kExitHarness;
  }
  return kExitHarness;
}

}  // namespace relapse::model
