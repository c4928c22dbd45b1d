#include "knockout/knockout_judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "builds/build_text.h"

namespace relapse::env {

using model::Observation;
using model::TrialEnd;

namespace {

constexpr size_t kPathsShown = 5;
constexpr size_t kLineShown = 200;

// The first line that names it, without indentation.
std::string line_with(const std::string& text, const std::string& name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string line = text.substr(at, end - at);
    if (names_word(line, name)) {
      line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
      return line.size() <= kLineShown ? line : line.substr(0, kLineShown) + "…";
    }
    at = end + 1;
  }
  return "";
}

Outcome judge_failure(const Base& base, const std::string& name, const Observation& seen,
                      const model::Redactor& redactor) {
  Outcome outcome;
  if (seen.out_of_memory) {
    outcome.effect = Effect::kUndecidable;
    outcome.why = "the world ran out of memory";
    return outcome;
  }
  // Redacted before anything is cut out of it.
  const std::string said = redactor.clean(new_lines(plain_text(seen.output_tail), base.output));
  outcome.says = line_with(said, name);
  outcome.effect = outcome.says.empty() ? Effect::kObscure : Effect::kLoud;
  return outcome;
}

Outcome judge_output(const Base& base, const Artifact& artifact) {
  Outcome outcome;
  outcome.passes = true;
  auto difference = base.reference->compare(artifact);
  if (difference.same()) {
    outcome.effect = Effect::kNone;
    return outcome;
  }
  if (!difference.paths.empty() && base.noise_known) {
    outcome.effect = Effect::kSilent;
    outcome.paths = std::move(difference.paths);
  } else {
    outcome.effect = Effect::kUndecidable;
    outcome.why = "what differs varies from build to build by itself";
    outcome.paths = difference.opaque.empty() ? difference.paths : difference.opaque;
  }
  outcome.paths.resize(std::min(outcome.paths.size(), kPathsShown));
  return outcome;
}

}  // namespace

std::string_view to_word(Effect effect) {
  switch (effect) {
    case Effect::kLoud:
      return "loud";
    case Effect::kObscure:
      return "obscure";
    case Effect::kSilent:
      return "silent";
    case Effect::kNone:
      return "none";
    case Effect::kTimeout:
      return "timeout";
    case Effect::kUndecidable:
      return "undecidable";
    case Effect::kNotTried:
      return "not-tried";
  }
  return "undecidable";
}

bool passes(const Observation& seen) {
  return seen.end == TrialEnd::kExited && !seen.signaled && seen.exit_code == 0;
}

Outcome judge_build(const Base& base, const std::string& name, const Observation& seen,
                    const Artifact& artifact, const model::Redactor& redactor) {
  Outcome outcome;
  switch (seen.end) {
    case TrialEnd::kInterrupted:
      return outcome;
    case TrialEnd::kDeadline:
    case TrialEnd::kHang:
      outcome.effect = Effect::kTimeout;
      outcome.why = fmt::format("it had not ended after {:.0f} s", seen.duration_ms / 1000);
      return outcome;
    case TrialEnd::kSetupFailed:
      outcome.effect = Effect::kUndecidable;
      outcome.why = redactor.clean(seen.error.text());
      return outcome;
    case TrialEnd::kExited:
      break;
  }
  return passes(seen) ? judge_output(base, artifact) : judge_failure(base, name, seen, redactor);
}

}  // namespace relapse::env
