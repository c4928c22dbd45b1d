#pragma once
// A record with an entry of every kind, and strings that try to break each form of report.

#include <string>

#include "model/record.h"

namespace relapse::canned {

// Not UTF-8, NUL, terminal escapes, markup of XML, HTML and Markdown, a direction override.
std::string hostile();

model::Record record();

}  // namespace relapse::canned
