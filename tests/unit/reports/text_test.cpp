#include "reports/text.h"

#include <string>

#include "canned/canned_record.h"
#include "catch.h"

using namespace relapse::reports;
using namespace std::string_literals;

TEST_CASE("what would act on a reader's screen is spelled out") {
  CHECK(visible("\x1b[2Ja\x07"s, Lines::kMany) == "\\x1b[2Ja\\x07");
  CHECK(visible("a\x7f", Lines::kMany) == "a\\x7f");
  CHECK(visible("a\0b"s, Lines::kMany) == "a\\x00b");
  CHECK(visible("\xe2\x80\xae"
                "exe",
                Lines::kMany) == "\\u{202e}exe");
  CHECK(visible("\xc2\x9b"
                "2J",
                Lines::kMany) == "\\u{9b}2J");
  CHECK(visible("\xef\xbf\xbf", Lines::kMany) == "\\u{ffff}");
  CHECK(visible("\xff", Lines::kMany) == "\xef\xbf\xbd");
}

TEST_CASE("colours are dropped, other sequences are shown") {
  CHECK(visible("\x1b[1;31mred\x1b[0m", Lines::kMany) == "red");
  CHECK(visible("\x1b[31", Lines::kMany) == "\\x1b[31");
  CHECK(visible("\x1b[3K", Lines::kMany) == "\\x1b[3K");
}

TEST_CASE("lines are kept or joined") {
  CHECK(visible("a\r\nb\n\tc", Lines::kMany) == "a\nb\n\tc");
  CHECK(visible("a\r\nb\n\tc", Lines::kOne) == "a b  c");
  CHECK(visible("50%\r60%\r", Lines::kOne) == "50%\\x0d60%\\x0d");
}

TEST_CASE("width counts columns, not bytes") {
  CHECK(display_width("abc") == 3);
  CHECK(display_width("\xc3\xa9t\xc3\xa9") == 3);         // two-byte letters
  CHECK(display_width("e\xcc\x81") == 1);                 // with a combining accent
  CHECK(display_width("\xe6\x97\xa5\xe6\x9c\xac") == 4);  // wide
  CHECK(padded("\xe6\x97\xa5", 4) == "\xe6\x97\xa5  ");
  CHECK(padded("abc", 2) == "abc");
}

TEST_CASE("a cut falls between characters and is marked") {
  CHECK(fit("abc", 3) == "abc");
  CHECK(fit("abcd", 3) == "ab…");
  CHECK(fit("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", 4) == "\xe6\x97\xa5…");
  CHECK(fit("abc", 1) == "…");
  CHECK(fit("abc", 0) == "");
  const std::string hostile = visible(relapse::canned::hostile(), Lines::kOne);
  for (size_t columns = 0; columns <= display_width(hostile); ++columns) {
    CHECK(display_width(fit(hostile, columns)) <= columns);
    CHECK(visible(fit(hostile, columns), Lines::kOne) == fit(hostile, columns));
  }
}

TEST_CASE("durations are said in seconds") {
  CHECK(seconds(4100) == "4.1 s");
  CHECK(seconds(0) == "0.0 s");
  CHECK(seconds(1e300) == "1.0e+297 s");
}
