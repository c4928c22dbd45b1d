#include <fmt/format.h>

#include "cli/command.h"
#include "model/verdict.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

int check(std::vector<std::string> names) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  if (names.empty()) {
    names = run::list_scenarios(*project);
  }
  int worst = 0;
  for (const auto& name : names) {
    auto scenario = run::load_scenario(*project, name);
    if (!scenario) {
      worst = report_error(scenario.error());
      continue;
    }
    fmt::print("{}: well formed, {} variants, {} calibration cases\n", scenario->id,
               scenario->variants.size(), scenario->calibration.size());
  }
  return worst;
}

}  // namespace

std::function<int()> declare_check(CLI::App& app) {
  auto names = std::make_shared<std::vector<std::string>>();
  app.add_option("SCENARIO", *names, "an id, a folder or a file; none: all");
  return [names] { return check(*names); };
}

}  // namespace relapse::cli
