#include "builds/build_text.h"

#include "catch.h"
#include "wanted/env_file.h"

namespace relapse::env {

TEST_CASE("a name is found through colours and NULs") {
  using namespace std::string_literals;
  const std::string coloured = "\x1b[31mP\x1b[0m\x1b[31mORT\x1b[0m is missing\r\n";
  CHECK(plain_text(coloured) == "PORT is missing\n");
  CHECK(plain_text("P\0O\0R\0T\0"s) == "PORT");
  CHECK(plain_text("\x1b]8;;https://x\x1b\\API\x1b]8;;\a and \x1b(BB") == "API and B");
  CHECK(plain_text("cut off \x1b[") == "cut off ");
}

TEST_CASE("only a whole word names a variable") {
  CHECK(names_word("error: PORT", "PORT"));
  CHECK(names_word("LISTEN_PORT, PORT=", "PORT"));
  CHECK_FALSE(names_word("LISTEN_PORT PORTS PORT_2", "PORT"));
  CHECK_FALSE(names_word("", "PORT"));
}

TEST_CASE("what every build prints names nothing") {
  const std::string reference = "> build\n> API=1 tool\nbuilt in 12 ms\nsame\n";
  CHECK(new_lines("> build\n> API=1 tool\nbuilt in 7 ms\n", reference).empty());
  CHECK(new_lines("> build\n> API=1 tool\nAPI?\n", reference) == "API?\n");
  // In surplus: the second is news.
  CHECK(new_lines("same\nsame\n", reference) == "same\n");
  // The digit of a name is no number.
  CHECK(new_lines("no S4_KEY\n", "no S3_KEY\n") == "no S4_KEY\n");
}

TEST_CASE("a file of variables is read as the common readers do") {
  auto entries = parse_env_text(
      "# none\n\nA=1\nexport B = two words # comment\nC=a#b\nD='it''\\n'\nE=\"x\\ny\n "
      "z\"\nF=\nA=3\n",
      "f");
  REQUIRE(entries.ok());
  CHECK(entries->at("A").value == "3");
  CHECK(entries->at("A").line == 10);
  CHECK(entries->at("B").value == "two words");
  CHECK(entries->at("C").value == "a#b");
  CHECK(entries->at("D").value == "it");
  CHECK(entries->at("E").value == "x\ny\n z");
  CHECK(entries->at("E").line == 7);
  CHECK(entries->at("F").value.empty());
}

TEST_CASE("a line that is no variable is an error with its line and without its text") {
  auto wrong = parse_env_text("A=1\nsecret words\n", ".env");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().file == ".env");
  CHECK(wrong.error().line == 2);
  CHECK(wrong.error().text().find("secret") == std::string::npos);
  auto open = parse_env_text("A=\"x\n\n", ".env");
  REQUIRE_FALSE(open.ok());
  CHECK(open.error().line == 1);
}

}  // namespace relapse::env
