#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "builds/observe.h"
#include "cli/command_env.h"
#include "cli/env_build.h"
#include "model/fields.h"
#include "model/verdict.h"
#include "os/scratch_folder.h"

namespace relapse::cli {

namespace {

struct ObserveOptions {
  std::string env_file;
  std::vector<std::string> outputs;
  std::vector<std::string> build;
  std::string deadline = "10min";
  bool json = false;
};

void print_for_people(const env::ObserveReport& report) {
  size_t width = 4;
  for (const auto& one : report.names) {
    width = std::max(width, one.name.size());
  }
  for (const auto& one : report.names) {
    const std::string where = one.file.empty() ? one.how
                              : one.line == 0  ? one.file
                                               : fmt::format("{}:{}", one.file, one.line);
    fmt::print("  {:<{}}  {:<11}  {}\n", one.name, width, one.by, where);
  }
  if (!report.tools.empty()) {
    std::vector<std::string> names;
    for (const auto& one : report.tools) {
      if (names.empty() || names.back() != one.name) {
        names.push_back(one.name);
      }
    }
    fmt::print("read by dependencies, not supplied: {}\n", fmt::join(names, ", "));
  }
  for (const auto& spot : report.blind_spots) {
    fmt::print("blind: {}: {}\n", spot.source, spot.what);
  }
  for (const auto& note : report.notes) {
    fmt::print("note: {}\n", note);
  }
  if (!report.passes) {
    fmt::print("the build does not pass: {}\n", report.end);
  }
}

int execute(const ObserveOptions& options) {
  auto supplied = supplied_by(options.env_file);
  if (!supplied) {
    return report_error(supplied.error());
  }
  std::error_code error;
  const auto folder = std::filesystem::current_path(error);
  auto scratch = os::ScratchFolder::make();
  auto observer = observer_folder();
  if (error || !scratch || !observer) {
    return report_error(error      ? model::system_error("find the current folder", error.value())
                        : !scratch ? scratch.error()
                                   : observer.error());
  }
  env::ObserveRequest request;
  std::vector<std::string> tried;
  for (const auto& [name, value] : *supplied) {
    tried.push_back(name);
  }
  request.setup = env::prepare_build(folder, caller_environment(), tried, options.outputs);
  request.top = env::work_tree_of(folder);
  request.build = env::command_of(options.build);
  request.supplied = std::move(*supplied);
  request.observer = *observer;
  request.scratch = scratch->path();
  request.deadline_ms = model::parse_duration_ms(options.deadline).value_or(600'000);
  return ask_in_worlds([&](auto& runner) { return env::run_observe(request, runner); },
                       [&](const auto& report) {
                         if (options.json) {
                           print_document(env::to_json(report));
                         } else {
                           print_for_people(report);
                         }
                         return report.passes ? model::kExitPass : model::kExitInconclusive;
                       });
}

}  // namespace

std::function<int()> declare_env_observe(CLI::App& app) {
  auto options = std::make_shared<ObserveOptions>();
  app.add_option("--env-file", options->env_file, "NAME=VALUE lines: what the build is given")
      ->type_name("FILE");
  app.add_option("--output", options->outputs,
                 "the folder that the build writes: cleared first, in the build's own copy, so "
                 "that nothing is left out as finished")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_option("--deadline", options->deadline, "of the build")
      ->type_name("TIME")
      ->check(check_duration)
      ->capture_default_str();
  app.add_flag("--json", options->json, "for programs");
  app.add_option("BUILD", options->build, "-- and the command that builds")
      ->type_name("-- BUILD")
      ->required();
  app.footer(
      "The build runs in a copy of the current folder, without network, and is watched: reads of\n"
      "process.env in node and its workers, names that Vite, Rollup or webpack replace, "
      "os.environ\n"
      "in Python, getenv in dynamic programs, and the sources that are opened.\n"
      "\n"
      "Exit codes: 0 the build passes, 4 it does not, so that some of it was not seen.\n"
      "\n"
      "  relapse env observe --env-file .env.ci -- npm run build");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
