#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/record_output.h"
#include "scenario/scenario_file.h"
#include "versions/version_search.h"

namespace relapse::cli {

namespace {

using nlohmann::ordered_json;

struct BisectOptions {
  run::VersionSearchRequest request;
  std::string scenario;
  std::vector<std::string> subjects;
  bool json = false;
};

std::string words_of(const run::Behaviour& behaviour) {
  return behaviour.value_or("cannot be judged");
}

void print_for_people(const run::VersionSearch& search) {
  size_t width = 0;
  for (const auto& [index, behaviour] : search.found.tried) {
    width = std::max(width, search.versions[index].size());
  }
  for (const auto& [index, behaviour] : search.found.tried) {
    const auto reason = search.reasons.find(index);
    fmt::print("  {:<{}}  {}{}\n", search.versions[index], width, words_of(behaviour),
               index == search.found.first_new ? "   ← changed" : "");
    if (reason != search.reasons.end() && !reason->second.empty()) {
      fmt::print("  {:<{}}    {}\n", "", width, reason->second);
    }
  }
  const auto& [tried, last_old, first_new] = search.found;
  if (!first_new) {
    fmt::print(
        "inconclusive: the first and the last of {} versions do not differ in a way that "
        "could be judged\n",
        search.versions.size());
    return;
  }
  const bool exact = *first_new == *last_old + 1;
  fmt::print(
      "{} {}; {} of {} versions tried\n",
      exact ? "changed in" : "changed after " + search.versions[*last_old] + ", at the latest in",
      search.versions[*first_new], tried.size(), search.versions.size());
}

ordered_json document_of(const BisectOptions& options, const run::VersionSearch& search) {
  ordered_json out = {{"scenario", options.scenario},
                      {"role", options.request.role},
                      {"versions", search.versions.size()},
                      {"tried", ordered_json::array()},
                      {"last_old", nullptr},
                      {"first_new", nullptr}};
  for (const auto& [index, behaviour] : search.found.tried) {
    const auto reason = search.reasons.find(index);
    out["tried"].push_back(
        {{"version", search.versions[index]},
         {"behaviour", behaviour ? ordered_json(*behaviour) : ordered_json(nullptr)},
         {"reason", reason == search.reasons.end() ? "" : reason->second}});
  }
  if (search.found.first_new) {
    out["last_old"] = search.versions[*search.found.last_old];
    out["first_new"] = search.versions[*search.found.first_new];
  }
  return out;
}

int execute(BisectOptions& options) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  const bool of_npm = !options.request.package.empty();
  if (of_npm == !options.request.paths.empty()) {
    return report_error({model::ErrorKind::kUsage, "which versions?",
                         "give --npm PACKAGE, or the programs themselves, oldest first"});
  }
  auto given = run::read_given_subjects(options.subjects, "");
  if (!given) {
    return report_error(given.error());
  }
  auto& session = options.request.session;
  session.given = *std::move(given);
  session.project = *project;
  session.scenarios = {options.scenario};
  session.caller = caller_environment();
  LiveProgress progress;
  auto search = run::search_versions(options.request, progress.events());
  progress.clear();
  if (!search) {
    return report_error(search.error());
  }
  if (search->interrupted_by != 0) {
    return interrupted_exit(search->interrupted_by);
  }
  if (options.json) {
    print_document(document_of(options, *search));
  } else {
    print_for_people(*search);
  }
  return search->found.first_new ? model::kExitPass : model::kExitInconclusive;
}

}  // namespace

std::function<int()> declare_bisect(CLI::App& app) {
  auto options = std::make_shared<BisectOptions>();
  auto& request = options->request;
  app.add_option("SCENARIO", options->scenario, "an id, a folder or a file")->required();
  app.add_option("PATH", request.paths, "the programs to choose from, oldest first")
      ->type_name("PATH...");
  app.add_option("--role", request.role, "the role whose program changes")
      ->required()
      ->type_name("ROLE");
  app.add_option("--npm", request.package, "the versions of this package of npm's")
      ->type_name("PACKAGE");
  app.add_option("--from", request.from, "the oldest to look at")->type_name("VERSION");
  app.add_option("--to", request.to, "the newest to look at")->type_name("VERSION");
  app.add_option("--subject,-s", options->subjects, "the program that plays another role")
      ->type_name("ROLE=PATH")
      ->allow_extra_args(false);
  app.add_option("--variant", request.session.variant, "only this variant")->type_name("NAME");
  app.add_option("--seed", request.session.seed, "what trials derive their words from")
      ->capture_default_str();
  app.add_flag("--json", options->json, "for programs");
  app.footer(
      "Looks for the version in which the verdict, or what a hang is about, changed.\n"
      "Exit codes: 0 found, 2 bad usage, 3 harness error, 4 nothing to find or not to be judged.\n"
      "\n"
      "  relapse bisect agent-stdin-open --variant 2.1.12 --role agent \\\n"
      "    --npm @anthropic-ai/claude-code --from 2.1.12 --to 2.1.330");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
