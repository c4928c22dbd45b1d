#pragma once
// What a build is given: names and values.

#include <map>
#include <string>

namespace relapse::env {

using Environment = std::map<std::string, std::string>;

}  // namespace relapse::env
