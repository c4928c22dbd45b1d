#pragma once
// In which version of a program did what a scenario sees of it change? Runs the scenario against
// one version after the other, as run/bisect.h says.

#include <map>
#include <string>
#include <vector>

#include "run/session.h"
#include "versions/bisect.h"

namespace relapse::run {

struct VersionSearchRequest {
  SessionRequest session;  // of one scenario; what is given for `role` is filled in
  std::string role;
  std::vector<std::string> paths;  // programs, oldest first; or else
  std::string package;             // of npm: its versions, from `from` to `to` (may be empty)
  std::string from;
  std::string to;
};

struct VersionSearch {
  std::vector<std::string> versions;  // or the paths
  BisectResult found;
  std::map<size_t, std::string> reasons;  // of those tried: why it did what it did
  int interrupted_by = 0;                 // a signal's number; 0: none
};

// A version's behaviour is the verdict of each variant, and what a hang was about. What npm brings
// lies in a folder of its own while it is tried. Errors are of usage.
model::Result<VersionSearch> search_versions(const VersionSearchRequest& request,
                                             const SessionEvents& events);

}  // namespace relapse::run
