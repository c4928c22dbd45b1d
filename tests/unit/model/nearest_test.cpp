#include "model/nearest.h"

#include "catch.h"
#include "model/fields.h"

using relapse::model::nearest_name;
using relapse::model::parse_duration_ms;
using relapse::model::suggestion;

TEST_CASE("a slip finds what was meant, another word does not") {
  CHECK(nearest_name("calibratoin", {"run", "calibrate", "calibration"}) == "calibration");
  CHECK(nearest_name("rnu", {"run", "list"}) == "run");
  CHECK(nearest_name("banana", {"run", "list"}).empty());
  CHECK(suggestion("banana", {"run", "list"}) == "one of run, list");
}

TEST_CASE("durations carry their unit") {
  CHECK(parse_duration_ms("250ms") == 250);
  CHECK(parse_duration_ms("30s") == 30000);
  CHECK(parse_duration_ms("1.5 min") == 90000);
  for (const char* text : {"", "30", "s", "30 s ", "-1s", "1h", "nan s", "1e999s"}) {
    INFO(text);
    CHECK_FALSE(parse_duration_ms(text).has_value());
  }
}

TEST_CASE("the first thing wrong is told, with its place and what was meant") {
  auto object = nlohmann::json::parse(R"({"nmae": "x", "count": "seven"})");
  relapse::model::Fields fields(object, "/part");
  fields.text("name");
  fields.number("count", 1, 0, 9);
  auto done = fields.finish();
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().pointer == "/part/nmae");
  CHECK(done.error().remedy == "did you mean 'name'?");
}

TEST_CASE("a value of the wrong type or range is an error, not a default") {
  auto object = nlohmann::json::parse(R"({"big": 18446744073709551615, "half": 1.5, "text": 7})");
  for (const char* name : {"big", "half"}) {
    relapse::model::Fields fields(object, "");
    fields.number(name, 1, 0, 9);
    fields.child("big");
    fields.child("half");
    fields.child("text");
    auto done = fields.finish();
    REQUIRE_FALSE(done.ok());
    CHECK(done.error().pointer == std::string("/") + name);
  }
}
