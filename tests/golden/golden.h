#pragma once
// Compares a text with the file tests/golden/NAME.golden.

#include <string>

namespace relapse::golden {

// Empty when they are the same, else the lines that differ. With RELAPSE_UPDATE_GOLDEN=1 in the
// environment the file is written first.
std::string difference(const std::string& name, const std::string& text);

// The lines that differ, as one stretch, with a little of what stands around it.
std::string line_diff(const std::string& want, const std::string& have);

}  // namespace relapse::golden
