#include "reports/step_summary.h"

#include <fmt/format.h>

#include <string>
#include <system_error>
#include <vector>

#include "os/files.h"
#include "reports/markdown.h"

namespace relapse::reports {

using model::Record;
using model::Result;

namespace {

std::string note_of(size_t sections, size_t bytes) {
  return fmt::format("\n{} more sections ({} bytes) did not fit here; the full report has them.\n",
                     sections, bytes);
}

Result<std::uint64_t> size_now(const std::filesystem::path& path) {
  std::error_code wrong;
  const auto size = std::filesystem::file_size(path, wrong);
  if (wrong == std::errc::no_such_file_or_directory) {
    return std::uint64_t{0};
  }
  if (wrong) {
    return model::system_error("size of " + path.string(), wrong.value());
  }
  return std::uint64_t{size};
}

}  // namespace

Result<StepSummary> append_step_summary(const std::filesystem::path& path, const Record& record,
                                        std::uint64_t limit_bytes) {
  const auto held = size_now(path);
  if (!held) {
    return held.error();
  }
  const std::uint64_t room = limit_bytes > *held ? limit_bytes - *held : 0;
  const auto sections = markdown_sections(record);
  size_t left_bytes = 0;  // of the sections from `i` on
  for (const std::string& section : sections) {
    left_bytes += section.size() + 1;
  }
  // The longest beginning that fits together with the note that it then needs.
  std::string best;
  StepSummary outcome{0, sections.size()};
  std::string text = "\n";
  for (size_t i = 0; i <= sections.size(); ++i) {
    const std::string note = i < sections.size() ? note_of(sections.size() - i, left_bytes) : "";
    if (text.size() > room) {
      break;
    }
    if (text.size() + note.size() <= room) {
      best = text + note;
      outcome = {i, sections.size() - i};
    }
    if (i < sections.size()) {
      text += sections[i] + "\n";
      left_bytes -= sections[i].size() + 1;
    }
  }
  if (!best.empty()) {
    if (auto written = os::append_to_file(path, best); !written) {
      return written.error();
    }
  }
  return outcome;
}

}  // namespace relapse::reports
