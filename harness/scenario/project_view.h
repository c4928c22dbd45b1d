#pragma once
// A project as a trial sees it: a folder of the host, with what a choice patches in it.

#include <string>
#include <vector>

#include "model/result.h"
#include "model/world_spec.h"

namespace relapse::run {

struct ProjectView {
  std::string folder;   // where it lies on the host, and at the same path in worlds
  std::string sources;  // the same tree with the patches made, for reading; without dependencies
  std::vector<model::WorldFile> changes;  // what the patches change, for worlds
};

// The patches are made to a copy in `scratch`, an existing folder. Without patches the project
// itself is what is read. Files may be changed and added by a patch, not taken away.
model::Result<ProjectView> open_project(const std::string& folder,
                                        const std::vector<std::string>& patches,
                                        const std::string& scratch);

// Of its sources: every file but dependencies and what git keeps of itself.
model::Result<std::string> sha256_of_project(const std::string& folder);

}  // namespace relapse::run
