#pragma once
// The Diagnosis part of a record, read. (Writing it is `to_json`, in record.h.)

#include <nlohmann/json.hpp>
#include <string>

#include "model/diagnosis.h"
#include "model/result.h"

namespace relapse::model {

// `pointer` is where the object stands in its document.
Result<> read_diagnosis(const nlohmann::json& object, const std::string& pointer, Diagnosis& out);
Result<> read_stall(const nlohmann::json& object, const std::string& pointer, Stall& out);

}  // namespace relapse::model
