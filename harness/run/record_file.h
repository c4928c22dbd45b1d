#pragma once
// A record that an earlier run wrote.

#include <string>

#include "model/record.h"

namespace relapse::run {

// An error is of usage (no such file) or names the line of the file that is wrong.
model::Result<model::Record> read_record_file(const std::string& file);

}  // namespace relapse::run
