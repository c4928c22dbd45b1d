#pragma once
// Which supplied name was probably meant by one that is missing: VITE_CLERK_KEY for
// NEXT_PUBLIC_CLERK_KEY. Pure.

#include <string>
#include <vector>

namespace relapse::env {

// The candidate that says the same behind another prefix or in another order of words, or that a
// slip of the finger turns into it; empty: none is near enough. `prefixes`: the project's own,
// besides those of the common bundlers.
std::string probable_rename(const std::string& name, const std::vector<std::string>& candidates,
                            const std::vector<std::string>& prefixes);

}  // namespace relapse::env
