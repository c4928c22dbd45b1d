#pragma once
// The environment that every tried build has, whatever its caller's holds: where the tools are,
// and nothing that a project could read by accident.

#include <string>
#include <vector>

#include "builds/environment.h"
#include "model/world_spec.h"

namespace relapse::env {

// Of the caller's: PATH, HOME, and where tools say they are installed (…_HOME, …_ROOT, …). Added:
// switches that keep tools from printing notices and asking the network, and a fixed date for what
// embeds one. `tried` names are left out: they are not to come from here.
Environment clean_environment(const Environment& caller, const std::vector<std::string>& tried);

// Folders of tools that a world would hide, because they lie below /tmp, /home and the like.
std::vector<model::WorldMount> tool_mounts(const Environment& env, const std::string& home);

}  // namespace relapse::env
