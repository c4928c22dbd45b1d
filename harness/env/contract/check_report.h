#pragma once
// How a check is told: as a table for people, as JSON for programs, as Markdown for both.

#include <nlohmann/json.hpp>
#include <string>

#include "contract/check_judge.h"

namespace relapse::env {

nlohmann::ordered_json to_json(const CheckReport& report);
std::string to_table(const CheckReport& report);
std::string to_markdown(const CheckReport& report);

}  // namespace relapse::env
