#include <memory>

#include "cli/command.h"
#include "cli/record_output.h"
#include "replay/replay.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

struct ReplayOptions {
  run::ReplayRequest request;
  OutputOptions output;
};

int execute(ReplayOptions& options) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  options.request.project = *project;
  options.request.env = caller_environment();
  LiveProgress progress;
  auto result = run::replay_record(options.request, progress.events());
  progress.clear();
  return result ? put_out(*result, options.output) : report_error(result.error());
}

}  // namespace

std::function<int()> declare_replay(CLI::App& app) {
  auto options = std::make_shared<ReplayOptions>();
  app.add_option("RECORD", options->request.record_file,
                 "the record.json of a run, explore or inject")
      ->required()
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--scenario", options->request.entry,
                 "which entry; by itself, the one that failed")
      ->type_name("ID/VARIANT");
  add_output_options(app, options->output);
  app.footer(
      "The same subjects, seed, and order of calls (a note says whether it was kept), or the\n"
      "first failing call of a sweep alone.\n"
      "Exit codes: 1 it fails again, 0 it passes, 2 bad usage, 3 harness error, 4 inconclusive.\n"
      "\n"
      "  relapse replay out/record.json --scenario guest-download-overlap/skills-first");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
