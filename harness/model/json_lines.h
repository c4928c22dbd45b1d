#pragma once
// Which line of a JSON text each value stands on, so that an error can say where it is: the
// parser we use tells no positions once it has parsed.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::model {

// By JSON pointer (RFC 6901): the line of a member's name, or of an array's element; 1-based.
// The text must be well-formed; of any other, what came before the flaw.
std::map<std::string, int> lines_of_json(std::string_view text);

// The line of the pointer or, where it points to nothing, of its nearest parent.
int line_of(const std::map<std::string, int>& lines, std::string pointer);

// "line" of a byte offset, for syntax errors; 1-based.
int line_at(std::string_view text, size_t offset);

// A document that a person wrote; kScenario with file and line where it is no JSON.
Result<nlohmann::json> parse_json_text(const std::string& text, const std::string& file);

// An error in such a document that knows its pointer gets its file and line.
Error locate_error(Error error, const std::string& text, const std::string& file);

}  // namespace relapse::model
