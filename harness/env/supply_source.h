#pragma once
// The line of a workflow that gives a name its value.

#include <string>
#include <vector>

#include "env/job_run.h"

namespace relapse::env {

struct SupplySource {
  std::string file;
  int line = 0;
  std::string text;  // of that line, for the references in it; never shown
};

// Looks from the inside out. `by_flag`: a tool was told the name, so that a line of "NAME=…" is
// likelier than an entry of an env map. A line 0 means that no place names it.
SupplySource find_source(const std::string& name, bool by_flag,
                         const std::vector<SourceText>& sources);

}  // namespace relapse::env
