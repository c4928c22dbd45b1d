#pragma once
// What one trial of an exploration is: the plan of its world, and what has to hold at its end.

#include "model/plan.h"
#include "run/explore.h"

namespace relapse::run {

// An error: of the folder that a tree is compared with.
model::Result<model::TrialPlan> explore_plan(const ExploreRequest& request);

// Adds to the plan: at its end the files are as `first` and `second`, two runs that nobody
// disturbed, agree that they are.
void expect_same_files(const model::FileTree& first, const model::FileTree& second,
                       model::TrialPlan& plan);

}  // namespace relapse::run
