#pragma once
// What a plan's expectations say of trees: from archives and entries to what must lie where.

#include "model/plan.h"

namespace relapse::run {

// Fills in `trees` of each tree expectation, and asks for what they need in `plan.collect`.
// An error has the JSON pointer of what is wrong in the scenario.
model::Result<> expect_trees(model::TrialPlan& plan);

}  // namespace relapse::run
