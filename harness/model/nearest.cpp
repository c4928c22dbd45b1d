#include "model/nearest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace relapse::model {

namespace {

// Levenshtein's distance, one row at a time.
size_t edits(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates) {
  std::string best;
  // A third of the letters wrong is still a slip; more is another word.
  size_t limit = std::max<size_t>(2, name.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    size_t distance = edits(name, candidate);
    if (distance < limit) {
      limit = distance;
      best = candidate;
    }
  }
  return best;
}

std::string suggestion(const std::string& name, const std::vector<std::string>& candidates) {
  std::string near = nearest_name(name, candidates);
  if (!near.empty()) {
    return fmt::format("did you mean '{}'?", near);
  }
  return candidates.empty() ? "" : fmt::format("one of {}", fmt::join(candidates, ", "));
}

}  // namespace relapse::model
