#pragma once
// The record as one HTML file that needs nothing beside it: no script, no network.

#include <string>

#include "model/record.h"

namespace relapse::reports {

std::string html_report(const model::Record& record);

}  // namespace relapse::reports
