#include "versions/bisect.h"

#include <algorithm>

namespace relapse::run {

using model::Result;

namespace {

// The untried version nearest to the middle between the two; nothing: all were tried.
std::optional<size_t> next_between(size_t low, size_t high,
                                   const std::map<size_t, Behaviour>& tried) {
  const size_t middle = low + (high - low) / 2;
  for (size_t distance = 0; distance <= high - low; ++distance) {
    for (size_t at : {middle - std::min(distance, middle), middle + distance}) {
      if (at > low && at < high && !tried.contains(at)) {
        return at;
      }
    }
  }
  return std::nullopt;
}

}  // namespace

Result<BisectResult> bisect(size_t count, const AskVersion& ask) {
  BisectResult result;
  auto try_one = [&](size_t index) -> Result<Behaviour> {
    auto behaviour = ask(index);
    if (behaviour) {
      result.tried[index] = *behaviour;
    }
    return behaviour;
  };
  if (count < 2) {
    return result;
  }
  auto first = try_one(0);
  if (!first) {
    return first.error();
  }
  auto last = try_one(count - 1);
  if (!last) {
    return last.error();
  }
  if (!*first || !*last || *first == *last) {
    return result;
  }
  size_t low = 0;
  size_t high = count - 1;
  while (auto at = next_between(low, high, result.tried)) {
    auto behaviour = try_one(*at);
    if (!behaviour) {
      return behaviour.error();
    }
    if (*behaviour) {
      (*behaviour == *first ? low : high) = *at;
    }
  }
  result.last_old = low;
  result.first_new = high;
  return result;
}

}  // namespace relapse::run
