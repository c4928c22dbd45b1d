#include "fakes/stream_fault.h"

#include <string>
#include <vector>

#include "catch.h"
#include "fakes/body_shaper.h"

using namespace relapse;
using fakes::Behaviour;
using fakes::BodyShaper;
using fakes::Cut;
using fakes::FaultPlan;
using fakes::glob_matches;
using fakes::Hold;
using fakes::RequestPattern;
using nlohmann::json;

namespace {

FaultPlan plan_of(const char* text) {
  auto plan = FaultPlan::parse(json::parse(text), "/faults");
  INFO((plan.ok() ? "" : plan.error().text()));
  REQUIRE(plan.ok());
  return *std::move(plan);
}

std::string error_of(const char* text) {
  auto plan = FaultPlan::parse(json::parse(text), "/faults");
  return plan.ok() ? "" : plan.error().pointer + ": " + plan.error().message;
}

std::vector<BodyShaper::Step> steps_of(BodyShaper& shaper) {
  std::vector<BodyShaper::Step> steps;
  do {
    steps.push_back(shaper.next());
  } while (steps.back().after == BodyShaper::After::kMore && !steps.back().bytes.empty());
  return steps;
}

}  // namespace

TEST_CASE("a glob's star stands for any run of characters", "[stream_fault]") {
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("/a/*", "/a/"));
  CHECK(glob_matches("/a/*", "/a/b/c"));
  CHECK(glob_matches("*/events", "/api/webhooks/agent/events"));
  CHECK(glob_matches("/a*b*c", "/aXbYbZc"));
  CHECK(glob_matches("/skill-*.tar.gz", "/skill-1.tar.gz.tar.gz"));
  CHECK_FALSE(glob_matches("/a/*", "/a"));
  CHECK_FALSE(glob_matches("/a", "/ab"));
  CHECK_FALSE(glob_matches("/a*b", "/aXc"));
  CHECK_FALSE(glob_matches("", "x"));
  // Many stars stay cheap: no exponential search.
  CHECK_FALSE(glob_matches("/*a*a*a*a*a*a*a*a*a*a*b", "/" + std::string(2000, 'a')));
}

TEST_CASE("a pattern is a method and a path, with the query only where it names one",
          "[stream_fault]") {
  auto pattern = *RequestPattern::parse("GET /a*", "here");
  CHECK(pattern.matches("GET", "/abc?x=1"));
  CHECK_FALSE(pattern.matches("POST", "/abc"));
  CHECK(RequestPattern::parse("/a", "here")->matches("PUT", "/a?sig=1"));
  CHECK(RequestPattern::parse("/a?beta=*", "here")->matches("GET", "/a?beta=true"));
  CHECK_FALSE(RequestPattern::parse("/a?beta=*", "here")->matches("GET", "/a"));
  CHECK_FALSE(RequestPattern::parse("FETCH /a", "here").ok());
  CHECK_FALSE(RequestPattern::parse("a", "here").ok());
  CHECK_FALSE(RequestPattern::parse("", "here").ok());
}

TEST_CASE("the k-th matching request meets the k-th behaviour, then `always`", "[stream_fault]") {
  auto plan = plan_of(R"([{"match": "/a", "then": [503, "ok", {"status": 429}], "always": 500},
                          {"match": "*", "then": [404]}])");
  auto status = [&plan](const char* target) { return plan.on_request("GET", target).status; };
  CHECK(status("/a") == 503);
  CHECK(status("/b") == 404);  // counted by its own rule alone
  CHECK(status("/a?q") == std::nullopt);
  CHECK(status("/a") == 429);
  CHECK(status("/a") == 500);
  CHECK(status("/a") == 500);
  CHECK(status("/b") == std::nullopt);
  CHECK(FaultPlan().on_request("GET", "/").status == std::nullopt);
}

TEST_CASE("a hold ends when enough requests have come, or when it is released", "[stream_fault]") {
  auto plan =
      plan_of(R"([{"match": "/child*", "always": {"hold": {"requests": 2, "match": "/top"}}},
                          {"match": "/named", "always": {"hold": {"release": "go"}}},
                          {"match": "/ever", "always": "hold"}])");
  Hold child = *plan.on_request("GET", "/child1").hold;
  CHECK(child.text() == "2 requests /top");
  CHECK_FALSE(plan.is_over(child));
  plan.on_request("GET", "/top");
  CHECK_FALSE(plan.is_over(child));
  plan.on_request("GET", "/top");
  CHECK(plan.is_over(child));

  Hold named = *plan.on_request("GET", "/named").hold;
  CHECK(named.text() == "release of 'go'");
  plan.release("other");
  CHECK_FALSE(plan.is_over(named));
  plan.release("go");
  CHECK(plan.is_over(named));

  Hold ever = *plan.on_request("GET", "/ever").hold;
  CHECK(ever.kind == Hold::Kind::kForever);
  CHECK_FALSE(plan.is_over(ever));
}

TEST_CASE("a behaviour's fields are read", "[stream_fault]") {
  auto plan = plan_of(R"([{"match": "*", "always": {"delay_ms": 7, "status": 301, "redirect": "/x",
    "headers": {"Retry-After": "1"}, "slow": {"bytes": 3, "every_ms": 4},
    "cut": {"after": 5, "how": "stall"}, "length_add": -2, "body": "b", "content_type": "t"}}])");
  const Behaviour& all = plan.on_request("GET", "/");
  CHECK(all.delay_ms == 7);
  CHECK(all.status == 301);
  CHECK(all.redirect == "/x");
  REQUIRE(all.headers.size() == 1);
  CHECK(all.headers[0].name == "Retry-After");
  CHECK((all.slow->bytes == 3 && all.slow->every_ms == 4));
  CHECK((all.cut->after_bytes == 5 && all.cut->how == Cut::How::kStall));
  CHECK(all.length_add == -2);
  CHECK(all.answers_by_itself());
  CHECK_FALSE(all.cuts_before_reply());
  auto words = plan_of(R"([{"match": "*", "then": ["close", "reset", "ok", 200]}])");
  CHECK(words.on_request("GET", "/").cuts_before_reply());
  CHECK(words.on_request("GET", "/").cut->how == Cut::How::kReset);
  CHECK_FALSE(words.on_request("GET", "/").answers_by_itself());
  CHECK_FALSE(words.on_request("GET", "/").answers_by_itself());
}

TEST_CASE("what is wrong with a fault is said, and where", "[stream_fault]") {
  CHECK(error_of("{}") == "/faults: the faults must be a list of rules");
  CHECK(error_of(R"([{"match": "*"}])") == "/faults/0/then: a rule needs 'then' or 'always'");
  CHECK(error_of(R"([{"match": "*", "then": 503}])") == "/faults/0/then: 'then' must be a list");
  CHECK(error_of(R"([{"match": "x", "then": []}])").find("/faults/0/match: ") == 0);
  CHECK(error_of(R"([{"match": "*", "than": [], "then": []}])") ==
        "/faults/0/than: there is no field 'than'");
  CHECK(error_of(R"([{"match": "*", "then": [200, 99]}])") ==
        "/faults/0/then/1: a status is a whole number from 200 to 599");
  const std::vector<std::string> bad = {
      R"("sleep")",
      R"({"hold": "always"})",
      R"({"hold": {}})",
      R"({"hold": {"requests": 1}})",
      R"({"hold": {"requests": 0, "match": "*"}})",
      R"({"hold": {"requests": 1, "match": "*", "release": "x"}})",
      R"({"delay_ms": -1})",
      R"({"delay_ms": 1.5})",
      R"({"delay_ms": 18446744073709551615})",
      R"({"slow": {"bytes": 0}})",
      R"({"cut": {}})",
      R"({"cut": {"after": "headers"}})",
      R"({"cut": {"after": -1}})",
      R"({"cut": {"after": 1, "how": "politely"}})",
      R"({"headers": {"A": "b\r\nC: d"}})",
      R"({"headers": {"A": 1}})",
      R"({"headers": []})",
      R"({"redirect": "/x\r\nSet-Cookie: y"})",
      R"({"redirect": "/x", "status": 503})",
      R"({"body": 1})",
      R"({"unknown": 1})",
      "null",
      "[]",
  };
  for (const std::string& behaviour : bad) {
    INFO(behaviour);
    std::string text = R"([{"match": "*", "always": )" + behaviour + "}]";
    CHECK(error_of(text.c_str()).find("/faults/0/always") == 0);
  }
}

TEST_CASE("a body comes in slow pieces, each of the size asked for", "[body_shaper]") {
  Behaviour behaviour;
  behaviour.slow = fakes::Slow{4, 1};
  BodyShaper shaper(behaviour);
  shaper.push("0123456789");
  shaper.push("ab");
  auto steps = steps_of(shaper);
  REQUIRE(steps.size() == 5);
  CHECK(steps[0].bytes == "0123");
  CHECK(steps[1].bytes == "4567");
  CHECK(steps[2].bytes == "89");
  CHECK(steps[3].bytes == "ab");
  CHECK(steps[4].bytes.empty());
  CHECK(steps[4].after == BodyShaper::After::kMore);
  shaper.finish();
  CHECK(shaper.next().after == BodyShaper::After::kEnd);
}

TEST_CASE("a body is cut after so many bytes, also across pieces", "[body_shaper]") {
  Behaviour behaviour;
  behaviour.cut = Cut{5, Cut::How::kClose};
  BodyShaper shaper(behaviour);
  shaper.push("012");
  shaper.push("3456");
  shaper.finish();
  CHECK(shaper.next().after == BodyShaper::After::kMore);
  auto last = shaper.next();
  CHECK(last.bytes == "34");
  CHECK(last.after == BodyShaper::After::kCut);
}

TEST_CASE("a cut beyond the body's end does not happen", "[body_shaper]") {
  Behaviour behaviour;
  behaviour.cut = Cut{50, Cut::How::kClose};
  BodyShaper shaper(behaviour);
  shaper.push("012");
  shaper.finish();
  auto last = shaper.next();
  CHECK(last.bytes == "012");
  CHECK(last.after == BodyShaper::After::kEnd);
}

TEST_CASE("a body without bytes ends at once", "[body_shaper]") {
  BodyShaper shaper{Behaviour{}};
  shaper.push("");
  CHECK(shaper.next().after == BodyShaper::After::kMore);
  shaper.finish();
  CHECK(shaper.next().after == BodyShaper::After::kEnd);
}
