#include "scenario/scenario_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "fakes/fake_set.h"
#include "fault/schedule.h"
#include "model/fields.h"
#include "model/json_lines.h"
#include "model/nearest.h"
#include "os/files.h"
#include "scenario/planner.h"
#include "scenario/scenario_schema.h"
#include "search/error_sweep.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::Scenario;
using nlohmann::json;

namespace {

constexpr const char* kSchema = "scenarios/schema.json";

Result<> check_fakes(const Scenario& scenario) {
  auto common = fakes::FakesConfig::parse(scenario.fakes, "/world/fakes");
  if (!common) {
    return common.error();
  }
  auto check_own = [](const auto& all, const char* list) -> Result<> {
    for (size_t i = 0; i < all.size(); ++i) {
      const std::string at = fmt::format("/{}/{}/world/fakes", list, i);
      auto own = fakes::FakesConfig::parse(
          all[i].world ? all[i].world->fakes : nlohmann::json::object(), at);
      if (!own) {
        return own.error();
      }
    }
    return model::Done{};
  };
  auto checked = check_own(scenario.variants, "variants");
  return checked ? check_own(scenario.calibration, "calibration") : checked;
}

Result<> check_strategy(const std::string& strategy) {
  if (fault::may_search(strategy)) {
    return model::Done{};
  }
  auto names = fault::searching_strategies();
  return model::field_error("/fault/schedule/strategy",
                            fmt::format("'{}' is not a strategy", strategy),
                            model::suggestion(strategy, names));
}

Result<Scenario> read_document(const json& document) {
  auto scenario = model::scenario_from_json(document);
  if (!scenario) {
    return scenario;
  }
  auto variables = check_variables(*scenario, document);
  if (!variables) {
    return variables.error();
  }
  auto checked = check_fakes(*scenario);
  checked = checked ? check_trees(*scenario) : checked;
  if (!checked) {
    return checked.error();
  }
  if (scenario->schedule) {
    auto known = check_strategy(scenario->schedule->strategy);
    if (!known) {
      return known.error();
    }
  }
  if (scenario->syscall_error) {
    auto known = check_settings(*scenario->syscall_error, "/fault/syscall_error");
    if (!known) {
      return known.error();
    }
  }
  return scenario;
}

}  // namespace

Result<std::string> find_project() {
  std::error_code error;
  if (const char* home = std::getenv("RELAPSE_HOME")) {
    if (!fs::exists(fs::path(home) / kSchema, error)) {
      return Error{ErrorKind::kUsage, fmt::format("RELAPSE_HOME={} holds no {}", home, kSchema)};
    }
    return fs::absolute(home).lexically_normal().string();
  }
  if (fs::exists(fs::path(RELAPSE_SOURCE_DIR) / kSchema, error)) {
    return std::string(RELAPSE_SOURCE_DIR);
  }
  auto self = fs::read_symlink("/proc/self/exe", error);
  for (auto folder = self.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / kSchema, error)) {
      return folder.string();
    }
  }
  return Error{ErrorKind::kUsage, "the scenarios are not found",
               "set RELAPSE_HOME to the project's folder"};
}

std::vector<std::string> list_scenarios(const std::string& project) {
  std::vector<std::string> folders;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(project) / "scenarios", error)) {
    if (fs::exists(entry.path() / "scenario.json", error)) {
      folders.push_back(entry.path().filename());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Result<Scenario> parse_scenario(const std::string& text, const std::string& file) {
  auto document = model::parse_json_text(text, file);
  if (!document) {
    return document.error();
  }
  auto scenario = read_document(*document);
  if (!scenario) {
    return model::locate_error(scenario.error(), text, file);
  }
  return scenario;
}

Result<Scenario> read_scenario_file(const std::string& file, const std::string& schema_file) {
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kScenario, text.error().message};
  }
  // Our own reader goes first: it knows what was meant.
  auto scenario = parse_scenario(*text, file);
  if (!scenario || schema_file.empty()) {
    return scenario;
  }
  auto schema_text = os::read_file(schema_file);
  if (!schema_text) {
    return schema_text.error();
  }
  auto schema = model::parse_json_text(*schema_text, schema_file);
  if (!schema) {
    return schema.error();
  }
  auto checked = check_schema(*schema, json::parse(*text));
  if (!checked) {
    return model::locate_error(checked.error(), *text, file);
  }
  scenario->folder = fs::path(file).parent_path();
  if (fs::path(scenario->folder).filename() != scenario->id) {
    return model::locate_error(
        model::Error{ErrorKind::kScenario,
                     fmt::format("the id '{}' is not the folder's name", scenario->id)},
        *text, file);
  }
  return scenario;
}

Result<Scenario> load_scenario(const std::string& project, const std::string& name) {
  std::error_code error;
  const fs::path schema = fs::path(project) / kSchema;
  fs::path file = fs::path(project) / "scenarios" / name / "scenario.json";
  if (!fs::exists(file, error)) {
    file = fs::is_directory(name, error) ? fs::path(name) / "scenario.json" : fs::path(name);
  }
  if (!fs::is_regular_file(file, error)) {
    return Error{ErrorKind::kUsage, fmt::format("there is no scenario '{}'", name),
                 model::suggestion(name, list_scenarios(project))};
  }
  return read_scenario_file(fs::absolute(file).lexically_normal(), schema);
}

}  // namespace relapse::run
