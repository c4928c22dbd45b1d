#pragma once
// "Did you mean …?"

#include <string>
#include <vector>

namespace relapse::model {

// The candidate with the fewest edits to `name`, or "" where none is near enough to be meant.
std::string nearest_name(const std::string& name, const std::vector<std::string>& candidates);

// "did you mean 'x'?" or "one of a, b, c".
std::string suggestion(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace relapse::model
