#pragma once
// Versions of a program that npm's registry holds, brought to this machine.

#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::run {

// All but pre-releases, oldest first, from `from` to `to` (each may be empty: from the first, to
// the last). An error where one of the two is not among them.
model::Result<std::vector<std::string>> npm_versions(const std::string& package,
                                                     const std::string& from,
                                                     const std::string& to);

// Installs it below `folder`, its install scripts too, as its users do. Returns the program:
// `command` if the package has one of that name, else its only one.
model::Result<std::string> install_npm_package(const std::string& package,
                                               const std::string& version,
                                               const std::string& command,
                                               const std::string& folder);

}  // namespace relapse::run
