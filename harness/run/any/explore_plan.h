#pragma once
// What one trial of an exploration is: the plan of its world, and what has to hold at its end.

#include "any/explore.h"
#include "model/plan.h"

namespace relapse::run {

// An error: of the folder that a tree is compared with.
model::Result<model::TrialPlan> explore_plan(const ExploreRequest& request);

// What two runs that nobody disturbed agree on. What differs between them is not the program's
// work, or not to be held to it.
model::ExpectedTree left_by_both(const model::FileTree& first, const model::FileTree& second,
                                 const std::string& folder);

// Adds to the plan: at its end the files are as `first` and `second`, two runs that nobody
// disturbed, agree that they are.
void expect_same_files(const model::FileTree& first, const model::FileTree& second,
                       model::TrialPlan& plan);

}  // namespace relapse::run
