#pragma once
// Two calls of one actor on a file that belong together, and another's write between them. No call
// fails, and nothing is removed: the content alone is wrong.

#include <optional>

#include "fault/event_facts.h"

namespace relapse::fault {

// Indexes into the failing trace, in this order.
struct TornPair {
  size_t first = 0;
  size_t between = 0;  // another's write
  size_t second = 0;
};

// The first one that the other trace does not have too. The two calls may be of two actors of one
// family (a shell whose `cat` reads and whose `echo` writes), if whoever wrote in between is of
// another.
//
// A lost update: read (or looked for), written by another, written from what was read.
std::optional<TornPair> find_lost_update(const Events& failing, const Events* passing);
// Written, written by another, read as if it were one's own.
std::optional<TornPair> find_overwritten(const Events& failing, const Events* passing);

}  // namespace relapse::fault
