#pragma once
// An Error on its way through a socket, from a helper process to the one that reports it.

#include <nlohmann/json.hpp>

#include "model/result.h"

namespace relapse::model {

nlohmann::json to_json(const Error& error);

// What is no Error becomes one of kSystem that says so.
Error error_from_json(const nlohmann::json& document);

}  // namespace relapse::model
