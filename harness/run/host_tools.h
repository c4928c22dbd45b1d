#pragma once
// What the host brings: the programs that scenarios need, and the facts that a record states.

#include "model/record.h"
#include "run/planner.h"

namespace relapse::run {

HostTools find_host_tools();
model::HostFacts host_facts();

}  // namespace relapse::run
