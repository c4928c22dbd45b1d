#pragma once
// One world without a supervisor: for a first look at a description, and for the shortest start
// that there is.

#include <string>

namespace relapse::world {

// Runs the description in the file at `path` with our own standard streams, and ends the world
// when the subject has ended. Returns what a shell would: the subject's exit code, 128 and the
// signal's number, or 125 where the world could not be made.
int run_once(const std::string& path);

}  // namespace relapse::world
