#pragma once
// What the host brings: the programs that scenarios need.

#include "scenario/planner.h"

namespace relapse::run {

HostTools find_host_tools();

}  // namespace relapse::run
