#pragma once
// What a scan found, for programs and for people.

#include <nlohmann/json.hpp>
#include <string>

#include "wanted/scan.h"

namespace relapse::env {

nlohmann::ordered_json to_json(const ScanResult& result);

// A table: each name with its places, then what needs no supply, and what could not be seen.
std::string to_table(const ScanResult& result);

}  // namespace relapse::env
