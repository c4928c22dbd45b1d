#pragma once
// Who waits for whom, as a picture within Markdown.

#include <string>

#include "model/diagnosis.h"

namespace relapse::reports {

// A fenced block: a Mermaid diagram, or plain text where the graph is larger than Mermaid draws.
// Empty when there is nothing to show.
std::string wait_picture(const model::Diagnosis& diagnosis);

}  // namespace relapse::reports
