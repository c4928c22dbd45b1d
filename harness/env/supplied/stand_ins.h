#pragma once
// The programs that take the place of tools in a step's world. A tool that deploys writes down how
// it was called. A package manager does what it would: it runs the project's script, so that the
// tools in it are called with what the script gives them. What sets variables for another program
// (cross-env, dotenv) does so.
//
//   BASE/bin/TOOL    first on PATH
//   BASE/inner/TOOL  on PATH within scripts of packages: the project's own tools, interpreters
//   BASE/record      writes a call down: calls/N/{argv,env,folder,parents,.env…}
//   BASE/script      runs one script of a package; its words stay in /proc for `record` to see
//   BASE/scripts     the scripts, one a line

#include <string>
#include <vector>

#include "model/world_spec.h"
#include "supplied/package_scripts.h"

namespace relapse::env {

std::vector<model::WorldFile> stand_ins(const std::vector<std::string>& tools,
                                        const std::vector<PackageScript>& scripts,
                                        const std::string& root, const std::string& base);

// "…@BASE@…" → "…/tmp/x…"
std::string with_base(std::string text, const std::string& base);

}  // namespace relapse::env
