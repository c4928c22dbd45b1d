#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "scenario/new_scenario.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

int execute(run::NewScenario wanted) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  if (wanted.title.empty()) {
    wanted.title = wanted.id;
  }
  auto folder = run::make_scenario(*project, wanted);
  if (!folder) {
    return report_error(folder.error());
  }
  fmt::print(
      "made {0}\n"
      "  scenario.json   what the world gives, what is done, what is expected\n"
      "  README.md       the incident, for people\n"
      "  bad.sh good.sh  the specimens: put the bug and the cure in their place\n"
      "next: relapse check {1}; relapse calibrate {1}\n",
      *folder, wanted.id);
  return 0;
}

}  // namespace

std::function<int()> declare_new(CLI::App& app) {
  auto wanted = std::make_shared<run::NewScenario>();
  wanted->component = "program";
  app.add_option("NAME", wanted->id, "lower case letters, digits and dashes")->required();
  app.add_option("--title", wanted->title, "what people called the incident")->type_name("TEXT");
  app.add_option("--component", wanted->component, "the part of the product that failed")
      ->type_name("TEXT")
      ->capture_default_str();
  return [wanted] { return execute(*wanted); };
}

}  // namespace relapse::cli
