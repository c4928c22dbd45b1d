#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "model/scenario.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

int list(bool as_json) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  auto document = nlohmann::ordered_json::array();
  for (const auto& name : run::list_scenarios(*project)) {
    auto scenario = run::load_scenario(*project, name);
    if (!scenario) {
      return report_error(scenario.error());
    }
    nlohmann::ordered_json entry = {{"id", scenario->id},
                                    {"component", scenario->component},
                                    {"incident", scenario->incident.title}};
    for (const auto& variant : scenario->variants) {
      entry["variants"].push_back(variant.name);
    }
    document.push_back(entry);
    if (!as_json) {
      fmt::print("{:<26} {:<10} {}\n", scenario->id, scenario->component, scenario->incident.title);
    }
  }
  if (as_json) {
    print_json(document.dump(2));
  }
  return 0;
}

}  // namespace

std::function<int()> declare_list(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  app.add_flag("--json", *as_json, "for programs");
  return [as_json] { return list(*as_json); };
}

}  // namespace relapse::cli
