#include "model/json_lines.h"

#include "catch.h"

using relapse::model::line_of;
using relapse::model::lines_of_json;

TEST_CASE("every member and element has the line that it stands on") {
  auto lines =
      lines_of_json("{\n  \"a\": 1,\n  \"b\": {\n    \"c/d\": [\n      7, 8,\n      9]\n  }\n}");
  CHECK(line_of(lines, "/a") == 2);
  CHECK(line_of(lines, "/b/c~1d") == 4);
  CHECK(line_of(lines, "/b/c~1d/1") == 5);
  CHECK(line_of(lines, "/b/c~1d/2") == 6);
}

TEST_CASE("what is not there has the line of its nearest parent") {
  auto lines = lines_of_json("{\n\"a\": {\n\"b\": true}}");
  CHECK(line_of(lines, "/a/missing/deep") == 2);
  CHECK(line_of(lines, "/nowhere") == 1);
}

TEST_CASE("brackets and quotes inside strings are text") {
  auto lines = lines_of_json("{\"a\": \"}]\\\"{\",\n\"b\": \"\\\\\",\n\"c\": 1}");
  CHECK(line_of(lines, "/b") == 2);
  CHECK(line_of(lines, "/c") == 3);
}

TEST_CASE("malformed and bottomless texts end") {
  for (const char* text :
       {"", "{", "[", "{\"a\"", "{\"a\":", "[1,", "{,}", "]", "[}", "{\"a\":}", "\""}) {
    lines_of_json(text);
  }
  CHECK(lines_of_json(std::string(100000, '[')).size() < 1000);
}
