#include "reports/writers.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "os/files.h"
#include "reports/html.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/terminal.h"

namespace relapse::reports {

using model::Done;
using model::Record;
using model::Result;

namespace {

std::string json_report(const Record& record) {
  return model::json_text(to_json(record));
}

std::string plain_terminal_report(const Record& record) {
  return terminal_report(record, {});
}

constexpr std::array<Writer, 5> kWriters = {{{"terminal", "", plain_terminal_report},
                                             {"json", "record.json", json_report},
                                             {"junit", "junit.xml", junit_report},
                                             {"markdown", "report.md", markdown_report},
                                             {"html", "index.html", html_report}}};

}  // namespace

std::span<const Writer> writers() {
  return kWriters;
}

const Writer* find_writer(std::string_view name) {
  const auto* found = std::find_if(kWriters.begin(), kWriters.end(),
                                   [name](const Writer& writer) { return writer.name == name; });
  return found == kWriters.end() ? nullptr : found;
}

Result<> write_all(const std::filesystem::path& dir, const Record& record) {
  std::error_code wrong;
  std::filesystem::create_directories(dir, wrong);
  if (wrong) {
    return model::system_error("make the folder " + dir.string(), wrong.value());
  }
  for (const Writer& writer : kWriters) {
    if (writer.file.empty()) {
      continue;
    }
    if (auto written = os::write_file_atomically(dir / writer.file, writer.write(record));
        !written) {
      return written;
    }
  }
  return Done{};
}

}  // namespace relapse::reports
