#pragma once
// Paths as a subject sees them: what its descriptors are called, and where a name leads.

#include <optional>
#include <string>
#include <string_view>

namespace relapse::os {

// The path behind /proc/TID/NAME ("cwd", "fd/7"), in the subject's mount namespace and without
// " (deleted)"; nothing if there is no such object or it has no path (a pipe, a socket).
std::optional<std::string> path_of_link(int tid, std::string_view name);

// Lexically: one slash between parts, no ".", ".." taken back. `base` precedes a relative path.
std::string normal_path(std::string_view base, std::string_view path);

// Whether `path` is `folder` or lies below it.
bool is_within(std::string_view path, std::string_view folder);

}  // namespace relapse::os
