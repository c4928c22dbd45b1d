#pragma once
// Words for a shell: what a person is to paste.

#include <string>
#include <string_view>

namespace relapse::model {

// The word as a POSIX shell reads it back; bare where it needs no quotes.
std::string shell_quoted(std::string_view word);

}  // namespace relapse::model
