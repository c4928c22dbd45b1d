#pragma once
// The report for the page of a CI step: Markdown appended to the file that CI names.

#include <cstdint>
#include <filesystem>

#include "model/record.h"
#include "model/result.h"

namespace relapse::reports {

// GitHub refuses the whole summary of a step that is larger.
inline constexpr std::uint64_t kStepSummaryBytes = std::uint64_t{1} << 20;

struct StepSummary {
  size_t sections_written = 0;
  size_t sections_left_out = 0;
};

// Appends whole sections, the most telling first, as far as the file stays within `limit_bytes`;
// what it holds already counts. A last line says what was left out; where not even that fits,
// nothing is written, and the answer says so.
model::Result<StepSummary> append_step_summary(const std::filesystem::path& path,
                                               const model::Record& record,
                                               std::uint64_t limit_bytes = kStepSummaryBytes);

}  // namespace relapse::reports
