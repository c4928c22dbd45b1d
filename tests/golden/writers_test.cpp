// Each form of the canned record, byte for byte.

#include <string>

#include "canned/canned_record.h"
#include "catch.h"
#include "golden/golden.h"
#include "reports/terminal.h"
#include "reports/writers.h"

using relapse::golden::difference;

TEST_CASE("every writer writes what its golden file holds") {
  const auto record = relapse::canned::record();
  for (const auto& writer : relapse::reports::writers()) {
    const std::string name(writer.name);
    CHECK(difference(name, writer.write(record)) == "");
  }
}

TEST_CASE("the terminal's report in colour is what its golden file holds") {
  const auto text = relapse::reports::terminal_report(relapse::canned::record(), {true});
  CHECK(difference("terminal_colour", text) == "");
}

TEST_CASE("a difference is shown with the lines around it") {
  using relapse::golden::line_diff;
  CHECK(line_diff("1\n2\n3\n4\n5\n6\n7\n", "1\n2\n3\nfour\n5\n6\n7\n") ==
        "from line 4:\n  2\n  3\n- 4\n+ four\n  5\n  6\n");
  CHECK(line_diff("1\n", "1\n2\n") == "from line 2:\n  1\n+ 2\n");
  CHECK(line_diff("1\n", "1") == "from line 2:\n  1\n+ \\ no newline at the end\n");
}
