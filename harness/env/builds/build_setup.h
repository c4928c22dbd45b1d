#pragma once
// From where a user stands to what a build needs in a world: its environment, the folders that
// are shown, what is cleared away first.

#include <string>
#include <vector>

#include "builds/clean_copy.h"
#include "builds/clean_env.h"

namespace relapse::env {

struct BuildSetup {
  std::string folder;
  Environment base;
  std::vector<model::WorldMount> mounts;  // the whole work tree, tools' folders
  CleanCopy clean;
  std::vector<std::string> outputs;  // absolute
};

// `folder` absolute; `outputs` absolute or relative to it; `tried` names come from elsewhere than
// the caller's environment. An output of which git keeps files is not cleared away.
BuildSetup prepare_build(const std::string& folder, const Environment& caller,
                         const std::vector<std::string>& tried,
                         const std::vector<std::string>& outputs);

// One word with spaces is a line for the shell: -- "npm run build".
std::vector<std::string> command_of(const std::vector<std::string>& words);

}  // namespace relapse::env
