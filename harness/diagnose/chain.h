#pragma once
// From the root to the reason: at each process the most telling way, then on to whoever could
// open it, until somebody comes up again or nobody is left. Pure.

#include <optional>
#include <vector>

#include "diagnose/wait_graph.h"

namespace relapse::diagnose {

struct Link {
  size_t node = 0;           // the waiting thread
  Way way;                   // what it waits for
  std::optional<Hope> next;  // who could end it, the likeliest of them
};

struct Chain {
  std::vector<Link> links;  // from the root on; never empty for a stuck root
  // Which link names the cause. Not always the last: a child that just waits for a signal is
  // named by its parent's wait for it.
  size_t named = 0;

  const Link& end() const { return links[named]; }
};

// Along stuck threads only, as the view sees them. Empty when the start is not stuck.
Chain follow(const WaitGraph& graph, int start, View view);

}  // namespace relapse::diagnose
