#include "page/page.h"

#include "catch.h"

using namespace relapse;
using env::PageExpectation;
using env::PageFinding;
using env::PageOracle;
using env::PageSeen;
using nlohmann::json;

namespace {

// A page as the driver tells of it: signed out, and its service is there.
json good_page() {
  return {{"name", "built"},
          {"url", "http://built.localhost:7101/"},
          {"status", 200},
          {"settled", true},
          {"title", "Platform"},
          {"text", {"Platform", "Sign in", "7 agents are at work."}},
          {"marks", {{"[data-ready]", true}}},
          {"exceptions", json::array()},
          {"console_errors", json::array()},
          {"requests",
           {{{"host", "built.localhost:7101"},
             {"path", "/"},
             {"method", "GET"},
             {"outcome", "served"},
             {"by", "site"}},
            {{"host", "api.test"},
             {"path", "/status"},
             {"method", "GET"},
             {"outcome", "answered"},
             {"by", "api"}}}},
          {"duration_ms", 1200}};
}

PageSeen seen_of(const json& value) {
  auto seen = env::page_seen_from_text(value.dump());
  INFO((seen.ok() ? "" : seen.error().text()));
  REQUIRE(seen.ok());
  return *std::move(seen);
}

PageExpectation wanted() {
  PageExpectation page;
  page.ready = "[data-ready]";
  return page;
}

std::vector<PageFinding> judge_alone(const json& value) {
  return env::judge_page(wanted(), seen_of(value), {});
}

std::vector<PageFinding> judge_beside_good(const json& value) {
  return env::judge_page(wanted(), seen_of(value), {seen_of(good_page()), seen_of(good_page())});
}

}  // namespace

TEST_CASE("a page that works has no findings", "[page]") {
  CHECK(judge_alone(good_page()).empty());
  CHECK(judge_beside_good(good_page()).empty());
}

TEST_CASE("a page that throws behind its skeleton is told by what it throws", "[page]") {
  json page = good_page();
  page["exceptions"].push_back(
      {{"message", "Missing KEY environment variable"}, {"stack", "at x"}});
  page["marks"]["[data-ready]"] = false;
  auto findings = judge_alone(page);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].oracle == PageOracle::kException);
  CHECK(findings[0].sentence == "the page throws: Missing KEY environment variable");
  CHECK(findings[1].oracle == PageOracle::kMark);
}

TEST_CASE("a swallowed rejection is told by the missing mark alone", "[page]") {
  json page = good_page();
  page["marks"]["[data-ready]"] = false;
  page["duration_ms"] = 15000;
  auto findings = judge_alone(page);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].sentence == "the ready mark [data-ready] did not appear within 15.0 s");
}

TEST_CASE("a missing address is told by the reference alone", "[page]") {
  json page = good_page();
  page["text"] = {"Platform", "Sign in", "The service is away."};
  page["requests"].erase(1);
  CHECK(judge_alone(page).empty());
  auto findings = judge_beside_good(page);
  REQUIRE(findings.size() == 2);
  CHECK(findings[0].oracle == PageOracle::kText);
  CHECK(findings[0].sentence ==
        "the page lacks the text '7 agents are at work.' and says 'The service is away.'");
  CHECK(findings[1].sentence == "the page never asked api.test");
}

TEST_CASE("a foreign host that the reference does not ask is a finding", "[page]") {
  json page = good_page();
  page["requests"][1]["host"] = "api.other.test";
  auto findings = judge_beside_good(page);
  REQUIRE(findings.size() == 2);
  CHECK(findings[1].sentence == "the page asked api.other.test, which the reference does not");
}

TEST_CASE("what references do not agree on is expected of nobody", "[page]") {
  json noon = good_page();
  json one = good_page();
  noon["text"].push_back("12:00");
  one["text"].push_back("13:00");
  json page = good_page();
  page["text"].push_back("14:00");
  CHECK(env::judge_page(wanted(), seen_of(page), {seen_of(noon), seen_of(one)}).empty());
}

TEST_CASE("logged errors count, but not that a world has no network", "[page]") {
  json page = good_page();
  page["console_errors"] = {
      {{"message", "Failed to load resource: net::ERR_NAME_NOT_RESOLVED"},
       {"place", "https://analytics.test/x.js:1"}},
      {{"message", "Warning: key"}, {"place", "http://built.localhost:7101/a.js:3"}}};
  auto findings = judge_alone(page);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].sentence ==
        "the page logs an error: Warning: key (http://built.localhost:7101/a.js:3)");
  json reference = good_page();
  reference["console_errors"] = page["console_errors"];
  CHECK(env::judge_page(wanted(), seen_of(page), {seen_of(reference)}).empty());
  PageExpectation tolerant = wanted();
  tolerant.ignored = {"Warning: key"};
  CHECK(env::judge_page(tolerant, seen_of(page), {}).empty());
}

TEST_CASE("a page that was not answered says so first", "[page]") {
  json page = good_page();
  page["status"] = 404;
  CHECK(judge_alone(page).at(0).sentence == "the page was answered with status 404");
  page["trouble"] = "net::ERR_CONNECTION_REFUSED at http://built.localhost\nmore";
  CHECK(judge_alone(page).at(0).sentence ==
        "the page could not be looked at: net::ERR_CONNECTION_REFUSED at http://built.localhost");
}

TEST_CASE("what the driver wrote is read with care", "[page]") {
  for (const char* text :
       {"", "[]", "{", "null", R"({"name": 1})", R"({"name": "x", "url": "y"})"}) {
    INFO(text);
    CHECK_FALSE(env::page_seen_from_text(text).ok());
  }
}

TEST_CASE("a contract's page is checked", "[page]") {
  auto error_of = [](const json& value) {
    auto page = env::page_from_json(value, "/page", "/tmp");
    return page.ok() ? std::string() : page.error().message + " @" + page.error().pointer;
  };
  CHECK(error_of(json::object()).empty());
  CHECK(error_of({{"ready", "main"}, {"services", {{{"url", "https://a.test/*"}}}}}).empty());
  CHECK_THAT(error_of({{"redy", "main"}}), Catch::Contains("redy"));
  CHECK_THAT(error_of({{"path", "x"}}), Catch::Contains("begins with '/'"));
  CHECK_THAT(error_of({{"services", {"no-such-module.mjs"}}}),
             Catch::Contains("@/page/services/0"));
  CHECK_THAT(error_of({{"services", {7}}}), Catch::Contains("path of a module"));
}
