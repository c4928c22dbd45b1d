#pragma once
// What every record begins with: who made it, where, when, and of what seed.

#include <chrono>
#include <cstdint>
#include <string>

#include "model/record.h"

namespace relapse::run {

// Call it at the end of the run: it tells how long that took.
model::Record record_head(const std::string& command, std::uint64_t seed,
                          std::chrono::system_clock::time_point began);

}  // namespace relapse::run
