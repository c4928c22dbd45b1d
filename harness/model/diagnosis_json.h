#pragma once
// The Diagnosis part of a record, read. (Writing it is `to_json`, in record.h.)

#include "model/diagnosis.h"
#include "model/json_reader.h"

namespace relapse::model {

Diagnosis read_diagnosis(const JsonReader& in);
Stall read_stall(const JsonReader& in);

// A cause by its word; an unknown word is an error of `in`.
Cause read_cause(const JsonReader& in, std::string_view key);

}  // namespace relapse::model
