#pragma once
// From what a trial showed to what it means. Pure.

#include "model/observation.h"
#include "model/plan.h"
#include "model/verdict.h"

namespace relapse::run {

// The first expectation that does not hold gives the reason: expectations stand in the order in
// which their failures explain each other. A hang or a harness failure comes before them all.
model::Verdict judge(const model::TrialPlan& plan, const model::Observation& observation);

}  // namespace relapse::run
