#pragma once
// One process into a ProcessFact, in the steps that a consistent look needs.

#include "diagnose/snapshot.h"

namespace relapse::diagnose {

// Identity, masks, threads with their waits, descriptors. A process that ends meanwhile comes
// out as a zombie or without threads.
ProcessFact look_at_process(const os::ProcStat& stat, bool inside);

// Asks the kernel about the descriptors that a blocked thread waits on.
void lend_descriptors(ProcessFact& process);

// The last step: marks the threads that ran since look_at_process.
void mark_moved(ProcessFact& process);

}  // namespace relapse::diagnose
