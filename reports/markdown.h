#pragma once
// The record as GitHub's Markdown: a page of its own, or sections for a CI step's summary.

#include <string>
#include <vector>

#include "model/record.h"

namespace relapse::reports {

// What matters most stands first: a reader who gets only some of the sections has the verdict,
// the table and the failures. Each ends with a newline and can stand alone.
std::vector<std::string> markdown_sections(const model::Record& record);

std::string markdown_report(const model::Record& record);

}  // namespace relapse::reports
