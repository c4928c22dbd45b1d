#pragma once
// A short-lived program of the host, run to its end for what it prints.

#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::os {

struct ProgramEnd {
  int status = 0;      // as from waitpid(2)
  std::string output;  // its stdout, at most 64 kB
};

// argv[0] is looked up on the PATH. Its stdin is empty and its stderr goes nowhere. After the
// limit it is killed with what it has started in its process group: an error.
model::Result<ProgramEnd> run_program(const std::vector<std::string>& argv, int timeout_ms);

// Where the PATH has `name`; empty where it has not.
std::string find_on_path(const std::string& name);

}  // namespace relapse::os
