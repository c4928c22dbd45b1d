#include "model/utf8.h"

#include <string>

#include "catch.h"

using relapse::model::append_utf8;
using relapse::model::decode_utf8;
using relapse::model::valid_utf8;

TEST_CASE("every scalar value survives being written and read") {
  const char32_t values[] = {0,      0x41,   0x7F,   0x80,    0x7FF,   0x800,   0xD7FF,
                             0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF};
  for (const char32_t value : values) {
    std::string text;
    append_utf8(text, value);
    const auto point = decode_utf8(text);
    CHECK(point.valid);
    CHECK(point.value == value);
    CHECK(point.size == text.size());
  }
}

TEST_CASE("what is no UTF-8 becomes the replacement character, and nothing beside it is lost") {
  CHECK(valid_utf8("a\xff"
                   "b") ==
        "a\xef\xbf\xbd"
        "b");
  CHECK(valid_utf8("\xc3") == "\xef\xbf\xbd");         // cut short
  CHECK(valid_utf8("\xc3(") == "\xef\xbf\xbd(");       // no continuation
  CHECK_FALSE(decode_utf8("\xc0\xaf").valid);          // overlong
  CHECK_FALSE(decode_utf8("\xe0\x80\xaf").valid);      // overlong
  CHECK_FALSE(decode_utf8("\xed\xa0\x80").valid);      // surrogate
  CHECK_FALSE(decode_utf8("\xf4\x90\x80\x80").valid);  // beyond U+10FFFF
  CHECK(valid_utf8("\xe6\x97\xa5 \xf0\x9f\x98\x80") == "\xe6\x97\xa5 \xf0\x9f\x98\x80");
}
