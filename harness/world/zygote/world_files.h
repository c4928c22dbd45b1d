#pragma once
// The folders and files that a world has for itself, made by its PID 1.

#include <vector>

#include "model/world_spec.h"
#include "os/fd.h"
#include "world/zygote/world_init.h"

namespace relapse::world {

// /home, /tmp and so on, on one small file system, so that one limit holds for all of them; and
// passwd(5) and group(5), so that the user has a name and a home whoever the host's users are.
model::Result<> mount_private_folders(const WorldShape& shape);

// `trees` in the order of spec.mounts; see sources.h.
model::Result<> mount_given(const model::WorldSpec& spec, const std::vector<os::Fd>& trees);

// `copies` as in sources.h. Needs /proc.
model::Result<> make_files(const model::WorldSpec& spec, const std::vector<os::Fd>& copies);

// `path` and its missing parents, each the user's.
model::Result<> make_user_folders(const std::string& path, unsigned uid, unsigned mode = 0755);

}  // namespace relapse::world
