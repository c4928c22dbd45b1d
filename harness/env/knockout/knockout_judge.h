#pragma once
// One build that lacked a name, against builds that had it: pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "knockout/artifact.h"
#include "knockout/knockout_plan.h"
#include "model/observation.h"
#include "model/redactor.h"

namespace relapse::env {

enum class Effect {
  kLoud,         // the build fails and names it
  kObscure,      // fails without naming it
  kSilent,       // passes, and the output differs
  kNone,         // passes, and the output is the same
  kTimeout,      // did not end in time: says nothing about the name
  kUndecidable,  // `why` says
  kNotTried,     // the budget was used up, or the run was interrupted
};
std::string_view to_word(Effect effect);

struct Outcome {
  Effect effect = Effect::kNotTried;
  std::string why;                 // of what is undecidable
  std::vector<std::string> paths;  // of the output: what differs
  std::string says;                // the line of the build's output that names it, no value in it
  // With keep_outputs, of a build that passed: where a copy is.
  std::string output_copy;
  bool passes = false;
};

// What a name's builds are compared with.
struct Base {
  Environment env;
  std::string output;  // what it printed, plain
  std::optional<Reference> reference;
  bool noise_free = true;   // two builds of it are the same
  bool noise_known = true;  // what varies by itself is known to `reference`
};

bool passes(const model::Observation& seen);

Outcome judge_build(const Base& base, const std::string& name, const model::Observation& seen,
                    const Artifact& artifact, const model::Redactor& redactor);

}  // namespace relapse::env
