#pragma once
// From what a trial showed to what it means. Pure.

#include <optional>

#include "model/observation.h"
#include "model/plan.h"
#include "model/verdict.h"

namespace relapse::run {

// The first expectation that does not hold gives the reason: expectations stand in the order in
// which their failures explain each other. A hang or a harness failure comes before them all.
model::Verdict judge(const model::TrialPlan& plan, const model::Observation& observation);

// What the trees came to; nullopt where the plan expects none, or the subject did not end by
// itself.
std::optional<model::TreeFacts> tree_facts(const model::TrialPlan& plan,
                                           const model::Observation& observation);

// It ended by itself, after it had waited for input that did not come.
bool stalled_on_input(const model::Observation& seen);

// A hang that is not proved: something may still move it.
bool hung_on_evidence(const model::Observation& seen);

}  // namespace relapse::run
