#include "reports/step_summary.h"

#include <algorithm>
#include <string>

#include "canned/canned_record.h"
#include "catch.h"
#include "folder.h"
#include "os/files.h"
#include "reports/markdown.h"

using namespace relapse;
using reports::append_step_summary;

namespace {

std::string held(const std::filesystem::path& path) {
  const auto text = os::read_file(path);
  return text ? *text : text.error().text();
}

}  // namespace

TEST_CASE("the summary comes after what other steps wrote") {
  const Folder folder;
  const auto record = canned::record();
  REQUIRE(os::append_to_file(folder / "summary", "before").ok());
  const auto outcome = append_step_summary(folder / "summary", record);
  REQUIRE(outcome.ok());
  CHECK(outcome->sections_left_out == 0);
  CHECK(outcome->sections_written == reports::markdown_sections(record).size());
  CHECK(held(folder / "summary") == "before\n" + reports::markdown_report(record) + "\n");
}

TEST_CASE("a missing file is made") {
  const Folder folder;
  REQUIRE(append_step_summary(folder / "summary", canned::record()).ok());
  CHECK(std::filesystem::exists(folder / "summary"));
}

TEST_CASE("whatever the limit, the file stays within it and ends with a whole section") {
  const auto record = canned::record();
  const auto sections = reports::markdown_sections(record);
  const size_t whole = reports::markdown_report(record).size() + 2;
  const std::string before = "0123456789";
  size_t last = 0;
  constexpr size_t kStep = 131;
  for (size_t limit = 0; limit < before.size() + whole + kStep; limit += kStep) {
    const Folder folder;
    REQUIRE(os::append_to_file(folder / "summary", before).ok());
    const auto outcome = append_step_summary(folder / "summary", record, limit);
    REQUIRE(outcome.ok());
    const auto text = held(folder / "summary");
    INFO(limit);
    CHECK(text.size() <= std::max(limit, before.size()));
    CHECK(text.starts_with(before));
    CHECK(outcome->sections_written + outcome->sections_left_out == sections.size());
    CHECK(outcome->sections_written >= last);
    last = outcome->sections_written;
    if (outcome->sections_left_out == 0) {
      CHECK(text.size() == before.size() + whole);
    } else if (text != before) {
      CHECK_THAT(
          text, ContainsSubstring(std::to_string(outcome->sections_left_out) + " more sections ("));
    }
  }
  CHECK(last == sections.size());
}

TEST_CASE("a summary that cannot be written says where") {
  const Folder folder;
  const auto outcome = append_step_summary(folder / "no/summary", canned::record());
  REQUIRE_FALSE(outcome.ok());
  CHECK_THAT(outcome.error().text(), ContainsSubstring((folder / "no/summary").string()));
}
