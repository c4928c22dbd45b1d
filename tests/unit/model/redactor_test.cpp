#include "model/redactor.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "canned/canned_record.h"
#include "catch.h"

using nlohmann::json;
using relapse::model::Record;
using relapse::model::record_from_json;
using relapse::model::Redactor;

namespace {

// Every value of the document that is text, as pointers.
std::vector<json::json_pointer> strings_of(const json& document) {
  std::vector<json::json_pointer> out;
  const json flat = document.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    if (value.is_string()) {
      out.emplace_back(pointer);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("values are taken out wherever they stand") {
  const Redactor redactor({"s3cret", "other-value"});
  CHECK(redactor.clean("s3cret") == "***");
  CHECK(redactor.clean("a s3cret b other-value s3cret") == "a *** b *** ***");
  CHECK(redactor.clean("nothing here") == "nothing here");
  CHECK(redactor.clean("") == "");
}

TEST_CASE("overlapping values leave no part of any") {
  CHECK(Redactor({"abcd1234", "1234wxyz"}).clean("<abcd1234wxyz>") == "<***>");
  CHECK(Redactor({"abcd", "abcdef"}).clean("<abcdef>") == "<***>");
  CHECK(Redactor({"abab"}).clean("<ababab>") == "<***>");
}

TEST_CASE("a short value is no secret, and white space around one is not part of it") {
  CHECK(Redactor({"abc", "", "   "}).clean("abc and more") == "abc and more");
  CHECK(Redactor({"key-12345\n"}).clean("Bearer key-12345") == "Bearer ***");
}

TEST_CASE("a value is known in the form that JSON gives it") {
  const Redactor redactor({"-----BEGIN\nabc\n-----END"});
  CHECK(redactor.clean(R"({"key":"-----BEGIN\nabc\n-----END"})") == R"({"key":"***"})");
}

// Whatever string a record has or will have: a secret planted there does not come out.
TEST_CASE("no string of a record escapes") {
  const std::string secret = "pl4nted-s3cret";
  const Redactor redactor({secret});
  // One entry that has every field there is.
  Record record = relapse::canned::record();
  auto full = record.scenarios.back();
  full.specimen = {"pipe", relapse::model::VerdictKind::kFail};
  full.diagnosis->peer = full.diagnosis->process;
  record.scenarios = {full};
  const json document = to_json(record);
  int planted = 0;
  int words = 0;
  for (const auto& pointer : strings_of(document)) {
    json with_secret = document;
    with_secret[pointer] = "x " + secret + " y";
    const auto read = record_from_json(with_secret);
    if (!read) {  // a word of a fixed list: nothing foreign can stand there
      const std::string key = pointer.back();
      INFO(pointer.to_string());
      CHECK((key == "verdict" || key == "expected" || key == "proof" || key == "cause" ||
             key == "what"));
      ++words;
      continue;
    }
    const json cleaned = to_json(redactor.clean(*read));
    INFO(pointer.to_string());
    CHECK(cleaned[pointer] == "x *** y");
    ++planted;
  }
  CHECK(planted > 40);
  // Verdicts of the run, the entry and the hang, its proof, what had to come, three causes,
  // a difference.
  CHECK(words == 9);
}

TEST_CASE("names within a schedule and of capabilities are strings as well") {
  Record record = relapse::canned::record();
  record.host.capabilities["s3cret"] = "yes";
  record.scenarios[0].schedule = {{"of s3cret", {{"deep", {"s3cret"}}}}};
  const auto cleaned = Redactor({"s3cret"}).clean(record);
  CHECK(json(to_json(cleaned)).dump(-1, ' ', true, json::error_handler_t::replace).find("s3cret") ==
        std::string::npos);
  CHECK(cleaned.scenarios[0].schedule == json{{"of ***", {{"deep", {"***"}}}}});
}

TEST_CASE("without values a record stays as it was") {
  const Record record = relapse::canned::record();
  CHECK(Redactor({}).clean(record) == record);
}
