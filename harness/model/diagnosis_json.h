#pragma once
// The Diagnosis part of a record, and of what `relapse diagnose --json` prints.

#include <nlohmann/json.hpp>
#include <string>

#include "model/diagnosis.h"
#include "model/result.h"

namespace relapse::model {

nlohmann::ordered_json to_json(const Diagnosis& diagnosis);

// `pointer` is where the object stands in its document.
Result<> read_diagnosis(const nlohmann::json& object, const std::string& pointer, Diagnosis& out);
Result<> read_stall(const nlohmann::json& object, const std::string& pointer, Stall& out);

}  // namespace relapse::model
