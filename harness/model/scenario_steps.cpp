// The part of a scenario that is about projects: what is done with them, step by step.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "model/fields.h"
#include "model/nearest.h"
#include "model/scenario.h"

namespace relapse::model {

using nlohmann::json;

namespace {

constexpr std::array<std::pair<Step::Check, std::string_view>, 4> kChecks = {{
    {Step::Check::kSupplied, "supplied"},
    {Step::Check::kPage, "page"},
    {Step::Check::kGuard, "guard"},
    {Step::Check::kDev, "dev"},
}};

std::vector<std::string> check_words() {
  std::vector<std::string> words;
  for (const auto& [check, word] : kChecks) {
    words.emplace_back(word);
  }
  return words;
}

Result<Step> read_step(const json& value, const std::string& place) {
  Fields fields(value, place);
  Step step;
  step.name = fields.required_text("name");
  step.run = fields.text("run");
  step.clean = fields.flag("clean", false);
  step.keep = fields.text("keep");
  const std::string check = fields.text("check");
  for (const auto& [kind, word] : kChecks) {
    step.check = word == check ? kind : step.check;
  }
  if (!check.empty() && step.check == Step::Check::kNone) {
    fields.fail("check", fmt::format("'{}' is nothing that is checked", check),
                suggestion(check, check_words()));
  } else if (check.empty() == step.run.empty()) {
    fields.fail("run", "a step either runs a line or makes a check");
  } else if (!step.keep.empty() && step.keep.front() != '/') {
    fields.fail("keep", "the folder that is kept has an absolute path");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  return step;
}

std::vector<std::string> names_of(const std::vector<Step>& steps) {
  std::vector<std::string> names;
  for (const auto& step : steps) {
    names.push_back(step.name);
  }
  return names;
}

Result<> check_name(const Scenario& scenario, const std::string& step, const std::string& place) {
  const auto names = names_of(scenario.steps);
  if (std::find(names.begin(), names.end(), step) == names.end()) {
    return field_error(place, fmt::format("there is no step '{}'", step), suggestion(step, names));
  }
  return Done{};
}

}  // namespace

bool is_of_project(const Scenario& scenario) {
  return !scenario.steps.empty();
}

std::string_view to_word(Step::Check check) {
  for (const auto& [kind, word] : kChecks) {
    if (kind == check) {
      return word;
    }
  }
  return "run";
}

Result<std::vector<Step>> steps_from_json(const json& value, const std::string& place) {
  std::vector<Step> steps;
  std::set<std::string> names;
  for (size_t i = 0; i < value.size(); ++i) {
    const std::string at = fmt::format("{}/{}", place, i);
    auto step = read_step(value[i], at);
    if (!step) {
      return step.error();
    }
    if (!names.insert(step->name).second) {
      return field_error(at + "/name", fmt::format("there is another '{}' before it", step->name));
    }
    steps.push_back(*std::move(step));
  }
  return steps;
}

Result<> check_steps(const Scenario& scenario) {
  const bool project = scenario.roles.at(scenario.subject).is_project;
  if (project != is_of_project(scenario)) {
    return project
               ? field_error("/subject", "a project is not started: the scenario needs steps",
                             R"("steps": [{"name": "build", "run": "npm run build"}])")
               : field_error("/steps", "only a project has steps",
                             fmt::format("\"project\": true in the role '{}'", scenario.subject));
  }
  for (size_t i = 0; i < scenario.expect.size(); ++i) {
    const auto* step = std::get_if<StepExpectation>(&scenario.expect[i].what);
    const std::string at = fmt::format("/expect/{}", i);
    if (project != (step != nullptr)) {
      return field_error(
          at, project ? "of a project, steps are expected to succeed" : "only a project has steps");
    }
    if (step != nullptr) {
      RELAPSE_TRY(check_name(scenario, step->step, at + "/step"));
    }
  }
  for (size_t i = 0; i < scenario.calibration.size(); ++i) {
    const auto& step = scenario.calibration[i].step;
    if (!step.empty()) {
      RELAPSE_TRY(check_name(scenario, step, fmt::format("/calibration/{}/step", i)));
    }
  }
  return Done{};
}

}  // namespace relapse::model
