#pragma once
// The forms in which a record can be written, and the folder that holds them all.
// A new form is a function from the record to text, and a line in the table.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "model/record.h"
#include "model/result.h"

namespace relapse::reports {

struct Writer {
  std::string_view name;  // for `relapse report --as NAME`
  std::string_view file;  // within a report's folder; empty: not written there
  std::string (*write)(const model::Record& record);
};

std::span<const Writer> writers();

// Null when there is none of that name.
const Writer* find_writer(std::string_view name);

// Makes `dir` where it is missing and writes each form that has a file, by rename. The record
// must be free of secrets already (model/redactor.h). The first failure ends it and names the
// path.
model::Result<> write_all(const std::filesystem::path& dir, const model::Record& record);

}  // namespace relapse::reports
