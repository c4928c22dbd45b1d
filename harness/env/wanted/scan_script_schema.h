#pragma once
// JavaScript: schemas over the environment as a whole (zod, envalid, t3-env, valibot and their
// like): the keys of an object literal are the names, and the value says whether one may lack.

#include <set>
#include <string>

#include "wanted/scan_finder.h"

namespace relapse::env {

// Names to which some schema of the text gives a default, or which it lets lack.
std::set<std::string> names_that_may_lack(const TokenView& at);

// The environment as a whole stands between `start` and `end`: is it handed to a schema of the same
// text? Then its names are found, and the answer is yes.
bool scan_schema(const TokenView& at, size_t start, size_t end, const std::string& how,
                 Finder& finder);

}  // namespace relapse::env
