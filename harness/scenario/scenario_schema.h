#pragma once
// JSON Schema (draft 7) validation, behind a wall: the validator is a large header.

#include <nlohmann/json.hpp>

#include "model/result.h"

namespace relapse::run {

// The first violation, as an error with its JSON pointer.
model::Result<> check_schema(const nlohmann::json& schema, const nlohmann::json& document);

}  // namespace relapse::run
