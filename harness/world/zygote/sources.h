#pragma once
// What a world is given of the host, fetched as descriptors, so that the world can be built where
// the host's tree is out of sight.

#include <vector>

#include "model/world_spec.h"
#include "os/fd.h"

namespace relapse::world {

struct Sources {
  std::vector<os::Fd> mounts;  // read-only trees, in the order of WorldSpec::mounts
  std::vector<os::Fd> copies;  // folders, in the order of the files of kind kCopyOfTree
};

bool needs_sources(const model::WorldSpec& spec);

// To be called in the host's mount namespace.
model::Result<Sources> fetch_sources(const model::WorldSpec& spec);

}  // namespace relapse::world
