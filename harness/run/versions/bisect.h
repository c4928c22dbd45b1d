#pragma once
// Finds where, in a row of versions, a behaviour changed. Pure: what a version does is asked of
// the caller.
//
// Binary search between two versions that behave differently, as `git bisect` does it: a version
// that cannot be judged is stepped around, and if only such ones are left between the two, the
// answer is a range.

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "model/result.h"

namespace relapse::run {

// What a version did, as a text to compare; nothing: it cannot be judged (is not there, does not
// start).
using Behaviour = std::optional<std::string>;
using AskVersion = std::function<model::Result<Behaviour>(size_t index)>;

struct BisectResult {
  std::map<size_t, Behaviour> tried;
  // The change lies after `last_old`, at the latest in `first_new`. Not set where the first and
  // the last version do the same, or one of them cannot be judged.
  std::optional<size_t> last_old;
  std::optional<size_t> first_new;
};

// `count` versions, oldest first; the first and the last are asked first. Of several changes one
// is found. An error is that of `ask`, which ends the search.
model::Result<BisectResult> bisect(size_t count, const AskVersion& ask);

}  // namespace relapse::run
