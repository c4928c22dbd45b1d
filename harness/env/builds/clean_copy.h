#pragma once
// What earlier builds have left in a folder hides the environment: make and cargo find their
// target newer than its sources and read nothing. So a build begins without these leftovers.

#include <string>
#include <vector>

namespace relapse::env {

struct CleanCopy {
  std::vector<std::string> remove;   // absolute paths
  std::vector<std::string> ignored;  // too, but a build may turn out to need them
  std::vector<std::string> outputs;  // too; emptied, where a build wants the folder to be there
};

// The folder's work tree: the nearest folder upwards that holds .git; itself where there is none.
std::string work_tree_of(const std::string& folder);

// Below the folder: what another package of the work tree has built, it was told to. What git
// ignores is a leftover, except dependencies (node_modules, a Python environment, …) and files that
// configure (.env, certificates). Without git: what says of itself that it is a cache
// (CACHEDIR.TAG), and the build folders of tools that are known by their files.
CleanCopy find_leftovers(const std::string& folder);

// Whether git keeps something of that path: then it is source, whatever a build adds to it.
bool is_tracked(const std::string& top, const std::string& path);

// The command with the removal in front. Of the folders in `empty` only the content goes.
std::vector<std::string> begin_clean(const std::vector<std::string>& build,
                                     const std::vector<std::string>& remove,
                                     const std::vector<std::string>& empty);

// Whether a path that git ignores is no leftover of a build; pure.
bool is_wanted_though_ignored(const std::string& path);

}  // namespace relapse::env
