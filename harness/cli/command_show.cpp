#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "model/scenario.h"
#include "os/files.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

std::string describe(const std::map<std::string, std::string>& use) {
  std::vector<std::string> parts;
  parts.reserve(use.size());
  for (const auto& [role, choice] : use) {
    parts.push_back(fmt::format("{}: {}", role, choice));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void print_scenario(const model::Scenario& scenario) {
  fmt::print("{}: {}\n", scenario.id, scenario.incident.title);
  if (!scenario.incident.began.empty()) {
    fmt::print("  incident    {} to {}\n", scenario.incident.began, scenario.incident.ended);
  }
  fmt::print("  component   {}\n  file        {}/scenario.json\n", scenario.component,
             scenario.folder);
  for (const auto& [name, role] : scenario.roles) {
    fmt::print("  role        {}{}, by default {}\n", name,
               name == scenario.subject ? " (started by the world)" : "",
               role.default_choice.empty() ? "none: give one with --subject" : role.default_choice);
    for (const auto& [key, choice] : role.choices) {
      fmt::print("                {:<22} {:<15} {}\n", key, choice.origin, choice.path);
    }
  }
  for (const auto& variant : scenario.variants) {
    fmt::print("  variant     {:<22} {}\n", variant.name, describe(variant.use));
  }
  for (const auto& one : scenario.calibration) {
    fmt::print("  calibration {:<22} must {}{}   {}\n", one.name, model::to_word(one.verdict),
               one.cause ? fmt::format(" by {}", model::to_word(*one.cause)) : "",
               describe(one.use));
  }
}

int show(const std::string& name, bool as_json) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  auto scenario = run::load_scenario(*project, name);
  if (!scenario) {
    return report_error(scenario.error());
  }
  if (as_json) {
    auto text = os::read_file(scenario->folder + "/scenario.json");
    if (!text) {
      return report_error(text.error());
    }
    fmt::print("{}", *text);
  } else {
    print_scenario(*scenario);
  }
  return 0;
}

}  // namespace

std::function<int()> declare_show(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  app.add_option("SCENARIO", *name, "an id, a folder or a file")->required();
  app.add_flag("--json", *as_json, "the scenario as it is written");
  return [name, as_json] { return show(*name, *as_json); };
}

}  // namespace relapse::cli
