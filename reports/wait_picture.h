#pragma once
// Who waits for whom: as plain facts, and as a picture within Markdown.

#include <string>
#include <vector>

#include "model/diagnosis.h"

namespace relapse::reports {

struct WaitArrow {
  std::string from;   // "agent (pid 7)"
  std::string doing;  // "waits: epoll_wait on fd 0"; may be empty
  std::string to;     // or "nobody"
  std::string by;     // what ties them: "fd 0 = socket:[81] = fd 19 of runner"
  bool may_time_out = false;
};

// One for each edge of the graph, in its order.
std::vector<WaitArrow> wait_arrows(const model::Diagnosis& diagnosis);

// A fenced block: a Mermaid diagram, or plain text where the graph is larger than Mermaid draws.
// Empty when there is nothing to show.
std::string wait_picture(const model::Diagnosis& diagnosis);

}  // namespace relapse::reports
