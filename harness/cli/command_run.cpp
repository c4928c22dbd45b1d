#include <cstdio>
#include <cstdlib>
#include <memory>

#include "cli/command.h"
#include "cli/record_output.h"
#include "run/session.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

struct RunOptions {
  run::SessionRequest request;
  std::vector<std::string> subjects;
  std::string subjects_file;
  std::string shard;
  std::string calibrate = "auto";
  double quiet_ms = 0;
  bool git_bisect = false;
  OutputOptions output;
};

// Where proofs of calibration are remembered (XDG Base Directory Specification).
std::string state_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    return std::string(state) + "/relapse";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr || *home == '\0' ? "" : std::string(home) + "/.local/state/relapse";
}

// "2/3".
model::Result<model::ShardFacts> shard_of(const std::string& text) {
  model::ShardFacts shard;
  int used = 0;
  const int read = std::sscanf(text.c_str(), "%4d/%4d%n", &shard.index, &shard.count, &used);
  if (read != 2 || static_cast<size_t>(used) != text.size() || shard.index < 1 ||
      shard.index > shard.count || shard.count > model::kShardsMax) {
    return model::Error{model::ErrorKind::kUsage, "--shard " + text + ": not a part of a run",
                        "I/N with I from 1 to N, as in --shard 2/3"};
  }
  return shard;
}

int execute(RunOptions& options) {
  auto project = run::find_project();
  if (!project) {
    return report_error(project.error());
  }
  auto given = run::read_given_subjects(options.subjects, options.subjects_file);
  if (!given) {
    return report_error(given.error());
  }
  if (!options.shard.empty()) {
    auto shard = shard_of(options.shard);
    if (!shard) {
      return report_error(shard.error());
    }
    options.request.shard = *shard;
  }
  options.request.project = *project;
  options.request.record_file = record_file(options.output);
  options.request.caller = caller_environment();
  options.request.given = std::move(*given);
  options.request.state_folder = state_folder();
  options.request.calibrate = options.calibrate == "always"  ? run::CalibrateWhen::kAlways
                              : options.calibrate == "never" ? run::CalibrateWhen::kNever
                                                             : run::CalibrateWhen::kWhenNeeded;
  if (options.quiet_ms > 0) {
    options.request.quiet_ms = options.quiet_ms;
  }
  LiveProgress progress;
  auto result = run::run_session(options.request, progress.events());
  progress.clear();
  const int code = result ? put_out(*result, options.output) : report_error(result.error());
  constexpr int kGitSkips = 125;  // git-bisect(1): this commit cannot be tested
  const bool no_answer = code == model::kExitHarness || code == model::kExitInconclusive;
  return options.git_bisect && no_answer ? kGitSkips : code;
}

void add_common(CLI::App& app, RunOptions& options) {
  app.add_option("SCENARIO", options.request.scenarios, "an id, a folder or a file; none: all");
  app.add_option("--jobs,-j", options.request.jobs, "trials at a time")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--seed", options.request.seed, "what trials derive their words from")
      ->capture_default_str();
  app.add_option("--quiet-ms", options.quiet_ms,
                 "diagnose when nothing has moved for so long, instead of the scenario's own time")
      ->type_name("MS")
      ->check(CLI::Range(100, 600000));
  add_output_options(app, options.output);
}

}  // namespace

std::function<int()> declare_run(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  options->request.kind = run::SessionKind::kRun;
  add_common(app, *options);
  app.add_option("--subject,-s", options->subjects,
                 "the program that plays a role: an executable, a script, or a script for node")
      ->type_name("ROLE=PATH")
      ->allow_extra_args(false);
  app.add_option("--subjects", options->subjects_file, "the same from a file: {\"ROLE\": \"PATH\"}")
      ->type_name("FILE")
      ->check(CLI::ExistingFile);
  app.add_option("--variant", options->request.variant, "only this variant")->type_name("NAME");
  app.add_option("--shard", options->shard,
                 "only the Ith of N parts of the scenarios; `relapse merge` joins their records")
      ->type_name("I/N");
  app.add_flag("--require-real", options->request.require_real,
               "refuse reconstructions: what is judged must be the real program");
  app.add_flag("--git-bisect", options->git_bisect,
               "exit 125 where there is no verdict, which `git bisect run` takes for a skip");
  app.add_option("--calibrate", options->calibrate,
                 "prove that the scenarios can fail: auto (where no proof is remembered), always, "
                 "never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
  return [options] { return execute(*options); };
}

std::function<int()> declare_calibrate(CLI::App& app) {
  auto options = std::make_shared<RunOptions>();
  options->request.kind = run::SessionKind::kCalibrate;
  add_common(app, *options);
  app.add_option("--case", options->request.variant, "only this calibration case")
      ->type_name("NAME");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
