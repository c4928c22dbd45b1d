#pragma once
// The line of a workflow that gives a name its value.

#include <string>
#include <vector>

#include "supplied/job_run.h"

namespace relapse::env {

struct SupplySource {
  std::string file;
  int line = 0;
  std::string text;  // of that line, for the references in it; never shown
};

// How a call came to know a name.
enum class SupplyWay {
  kFlag,    // the tool was told it, so that a line of "NAME=…" is likelier than an entry of a map
  kStep,    // the step began with it: no script has set it
  kScript,  // a script has set it in the environment
};

// Looks from the inside out. A line 0 means that no place names it.
SupplySource find_source(const std::string& name, SupplyWay way,
                         const std::vector<SourceText>& sources);

}  // namespace relapse::env
