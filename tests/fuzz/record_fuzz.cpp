// Any text as a record: it is refused with a sentence, or every report of it can be written and
// keeps its promises. A broken promise ends the program.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "model/record.h"
#include "model/redactor.h"
#include "model/utf8.h"
#include "reports/terminal.h"
#include "reports/writers.h"

using relapse::model::Record;

namespace {

void require(bool promise, std::string_view what) {
  if (!promise) {
    std::cerr << "broken: " << what << "\n";
    std::abort();
  }
}

// Of the control characters at most line breaks and tabs.
bool is_harmless(std::string_view text) {
  while (!text.empty()) {
    const auto point = relapse::model::decode_utf8(text);
    const bool control = point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0);
    if (control && point.value != U'\n' && point.value != U'\t') {
      return false;
    }
    text.remove_prefix(point.size);
  }
  return true;
}

void check_json(const Record& record) {
  const std::string text = relapse::model::json_text(to_json(record));
  const auto again = relapse::model::record_from_text(text);
  require(again.ok(), "what was written as a record reads as one");
  require(*again == record, "a record that was read comes back as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = relapse::model::record_from_text(text, "input");
  if (!record) {
    require(!record.error().message.empty(), "a refusal says why");
    return 0;
  }
  check_json(*record);
  for (const auto& writer : relapse::reports::writers()) {
    const std::string report = writer.write(*record);
    require(relapse::model::valid_utf8(report) == report, "a report is UTF-8");
    // JSON is for programs: it escapes what its own rules demand, and U+007F is not among it.
    require(writer.name == "json" || is_harmless(report), "a report holds no control characters");
  }
  relapse::reports::terminal_report(*record, {true});
  relapse::model::Redactor({"secret", "1234"}).clean(*record);
  return 0;
}
