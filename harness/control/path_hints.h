#pragma once
// Names for what the subject works on, found in its own world: a file of JSON that names absolute
// paths is taken for a list of work, so that {"storages": [{"mountPath": "/a"}]} calls the work on
// /a "storages.0".

#include <vector>

#include "fault/explain.h"
#include "model/world_spec.h"

namespace relapse::run {

std::vector<fault::ActorHint> hints_from_files(const model::WorldSpec& world,
                                               const std::vector<std::string>& folders);

}  // namespace relapse::run
