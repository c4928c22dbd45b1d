#pragma once
// How long a thread that sleeps with a limit may sleep at most, and whether it waits for anything
// but the time.

#include <optional>

#include "os/proc.h"

namespace relapse::os {

// From now on. Absent: no limit, one that cannot be read, or a call that is not known to have one.
std::optional<double> limit_of_wait_ms(int tid, const SyscallFact& call);
// Only the time, or a signal, ends it: no descriptor is watched.
bool is_plain_sleep(const SyscallFact& call);

}  // namespace relapse::os
