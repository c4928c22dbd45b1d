#pragma once
// What a build printed, made comparable: does it name a variable that is missing?

#include <string>
#include <string_view>

namespace relapse::env {

// Without terminal control sequences and without NULs (some tools colour single characters, some
// print UTF-16), so that a name that a person would read is found by a search.
std::string plain_text(std::string_view output);

// As a whole word: PORT is not named by LISTEN_PORT.
bool names_word(std::string_view text, std::string_view name);

// The lines of `output` that `reference` has not, each as often as it is in surplus. A number may
// differ from run to run (times, sizes): lines that differ in numbers alone are the same line.
// Both plain.
std::string new_lines(std::string_view output, std::string_view reference);

// Whether a line of a build's output tells of something wrong.
bool speaks_of_error(std::string_view line);

// The line that says what went wrong: the first that speaks of an error, else the last. Plain.
std::string telling_line(std::string_view output);

}  // namespace relapse::env
