#pragma once
// JUnit's XML, as CI servers read it: a suite for each scenario, a case for each variant and
// specimen. A specimen that failed as it had to is a passed case.

#include <string>

#include "model/record.h"

namespace relapse::reports {

std::string junit_report(const model::Record& record);

}  // namespace relapse::reports
