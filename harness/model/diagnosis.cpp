#include "model/diagnosis.h"

#include <algorithm>
#include <array>

namespace relapse::model {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, 4> kMovements = {"hang", "progress", "ended", "undecided"};
constexpr std::array<std::string_view, 3> kProofs = {"none", "proved", "evidence"};
constexpr std::array<std::string_view, 19> kCauses = {"none",
                                                      "stdin-open",
                                                      "pipe-empty",
                                                      "pipe-full",
                                                      "fifo-open",
                                                      "socket-reply",
                                                      "accept",
                                                      "child",
                                                      "orphan-holds-output",
                                                      "futex",
                                                      "file-lock",
                                                      "stopped",
                                                      "signal-wait",
                                                      "write-end-leaked",
                                                      "timer",
                                                      "disk",
                                                      "cpu",
                                                      "terminal",
                                                      "unknown"};
static_assert(kCauses.size() == static_cast<size_t>(Cause::kUnknown) + 1);

}  // namespace

std::string_view to_word(Movement movement) {
  return kMovements.at(static_cast<size_t>(movement));
}

std::string_view to_word(Proof proof) {
  return kProofs.at(static_cast<size_t>(proof));
}

std::string_view to_word(Cause cause) {
  return kCauses.at(static_cast<size_t>(cause));
}

std::optional<Cause> cause_from_word(std::string_view word) {
  const auto* found = std::find(kCauses.begin(), kCauses.end(), word);
  if (found == kCauses.end()) {
    return std::nullopt;
  }
  return static_cast<Cause>(found - kCauses.begin());
}

std::vector<std::string> cause_words() {
  return {kCauses.begin(), kCauses.end()};
}

}  // namespace relapse::model
