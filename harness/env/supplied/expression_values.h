#pragma once
// What expressions compute with: coercions, comparisons and functions, apart from their syntax.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "supplied/expression.h"

namespace relapse::env {

double to_number(const nlohmann::json& value);

// -1, 0, 1; nothing where the two cannot be ordered (NaN, objects). Texts without regard to case.
std::optional<int> compare(const nlohmann::json& a, const nlohmann::json& b);

// A member without regard to case; null where there is none.
const nlohmann::json* find_member(const nlohmann::json& object, const std::string& name);

// A function's value; an error names one that there is not.
model::Result<nlohmann::json> call_function(const std::string& name,
                                            const std::vector<nlohmann::json>& arguments,
                                            const ExpressionScope& scope,
                                            std::vector<std::string>& notes);

}  // namespace relapse::env
