#pragma once
// GitHub's expressions: what stands in ${{ }} and in `if:`. Literals, contexts, operators and
// functions, with the service's own coercions; what is not defined is null, and "" in a text.

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::env {

// The contexts: an object of objects ({"vars": {…}, "github": {…}, …}).
struct ExpressionScope {
  nlohmann::json contexts = nlohmann::json::object();
  bool failed = false;  // an earlier step did: failure() and success()
};

struct Evaluated {
  nlohmann::json value;
  std::vector<std::string> missing;  // "vars.X": asked for, and not there
  std::vector<std::string> notes;    // what could only be guessed
};

// One expression, without its braces. A syntax error names no file: the caller knows where.
model::Result<Evaluated> evaluate(std::string_view expression, const ExpressionScope& scope);

// A text with any number of ${{ }} in it, as a string.
struct Interpolated {
  std::string text;
  std::vector<std::string> missing;
  std::vector<std::string> notes;
};
model::Result<Interpolated> interpolate(std::string_view text, const ExpressionScope& scope);

// The value of a text that is one ${{ }}, which may be an object or a list; else a string.
model::Result<Evaluated> evaluate_text(std::string_view text, const ExpressionScope& scope);

// Of `if:`, with or without braces. Without a status function, a failed step makes it false.
model::Result<bool> evaluate_condition(std::string_view text, const ExpressionScope& scope);

// As a text shows it, and whether a condition takes it for true.
std::string to_text(const nlohmann::json& value);
bool is_true(const nlohmann::json& value);

}  // namespace relapse::env
