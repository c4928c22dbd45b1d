#include "catch.h"
#include "model/scenario.h"

using namespace relapse;
using nlohmann::json;

namespace {

json scenario() {
  return json::parse(R"({
    "id": "a", "component": "c", "incident": {"title": "t"}, "subject": "app",
    "roles": {"app": {"project": true, "choices": {"x": {"path": "p", "patches": ["q"]}}}},
    "steps": [{"name": "build", "run": "make", "keep": "/tmp/out"},
              {"name": "page", "check": "page"}],
    "variants": [{"name": "v"}],
    "expect": [{"step": "build", "prints": "done"}, {"step": "page"}],
    "calibration": [{"name": "bad", "verdict": "fail", "step": "page"},
                    {"name": "good", "verdict": "pass"}]})");
}

std::string error_of(const json& document) {
  auto read = model::scenario_from_json(document);
  return read.ok() ? "" : read.error().pointer + ": " + read.error().message;
}

}  // namespace

TEST_CASE("a project's scenario has steps", "[scenario]") {
  auto read = model::scenario_from_json(scenario());
  INFO((read.ok() ? "" : read.error().text()));
  REQUIRE(read.ok());
  REQUIRE(read->steps.size() == 2);
  CHECK(read->steps[0].keep == "/tmp/out");
  CHECK(read->steps[1].check == model::Step::Check::kPage);
  CHECK(read->roles.at("app").choices.at("x").patches == std::vector<std::string>{"q"});
  CHECK(read->calibration[0].step == "page");
}

TEST_CASE("steps that cannot be made are refused with their place", "[scenario]") {
  auto with = [](const char* pointer, const json& value) {
    json document = scenario();
    document[json::json_pointer(pointer)] = value;
    return error_of(document);
  };
  CHECK_THAT(with("/steps/1/check", "pagee"), Catch::Contains("/steps/1/check: 'pagee'"));
  CHECK_THAT(with("/steps/1/run", "make"), Catch::Contains("either runs a line or makes a check"));
  CHECK_THAT(with("/steps/0/keep", "out"), Catch::Contains("absolute"));
  CHECK_THAT(with("/steps/1/name", "build"), Catch::Contains("another 'build' before it"));
  CHECK_THAT(with("/expect/0/step", "bild"), Catch::Contains("/expect/0/step: there is no step"));
  CHECK_THAT(with("/expect/0", {{"exit", 0}}), Catch::Contains("steps are expected"));
  CHECK_THAT(with("/calibration/0/step", "x"), Catch::Contains("/calibration/0/step"));
  CHECK_THAT(with("/roles/app/project", false), Catch::Contains("only a project has steps"));
  CHECK_THAT(with("/steps", json::array()), Catch::Contains("needs steps"));
}
