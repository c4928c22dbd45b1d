#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "any/explore.h"
#include "cli/command.h"
#include "cli/record_output.h"
#include "fault/schedule.h"

namespace relapse::cli {

namespace {

namespace fs = std::filesystem;

struct ExploreOptions {
  run::ExploreRequest request;
  OutputOptions output;
  std::string points;
  double limit_ms = 0;
};

model::Result<> complete(ExploreOptions& options) {
  auto& request = options.request;
  if (request.command.empty()) {
    return model::Error{model::ErrorKind::kUsage, "explore takes a command",
                        "relapse explore -- COMMAND"};
  }
  request.folder = fs::current_path();
  request.env = caller_environment();
  request.record_file = record_file(options.output);
  if (!request.user_files.empty()) {
    request.user_files = fs::absolute(request.user_files).lexically_normal();
  }
  for (auto& folder : request.settings.folders) {
    folder = fs::absolute(folder).lexically_normal();
  }
  if (!options.points.empty()) {
    auto points = model::point_set_from_word(options.points);
    if (!points) {
      return points.error();
    }
    request.settings.points = *points;
  }
  return model::Done{};
}

int execute(ExploreOptions& options) {
  auto ready = complete(options);
  if (!ready) {
    return report_error(ready.error());
  }
  LiveProgress progress;
  auto result = run::explore(options.request, progress.events());
  progress.clear();
  if (!result) {
    return report_error(result.error());
  }
  return put_out(*result, options.output);
}

}  // namespace

std::function<int()> declare_explore(CLI::App& app) {
  auto options = std::make_shared<ExploreOptions>();
  auto& request = options->request;
  auto& settings = request.settings;
  app.add_option("--check", request.check,
                 "a command for the shell, run in the same world when the program has ended: the "
                 "trial fails if it does not exit with 0")
      ->type_name("COMMAND");
  app.add_option("--tree-equals", request.tree_equals,
                 "the trial fails if FOLDER (by itself, where the program starts) does not hold "
                 "what DIR holds")
      ->type_name("[FOLDER=]DIR");
  app.add_option("--trials,-n", settings.trials, "how many orders to try")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--strategy", settings.strategy, "how orders are chosen; portfolio: all in turn")
      ->check(CLI::IsMember(fault::searching_strategies()))
      ->capture_default_str();
  app.add_option("--points", options->points,
                 "which calls are ordered: mutations (mkdir, unlink, rename, creating open), or "
                 "reads too; by itself, both in turn")
      ->check(CLI::IsMember({"mutations", "reads"}));
  app.add_option("--folder", settings.folders,
                 "only calls about paths below it are ordered; may be given again (by itself: the "
                 "folder where it starts, and /tmp)")
      ->type_name("DIR")
      ->allow_extra_args(false);
  app.add_option("--user-files", request.user_files,
                 "copied into each world as the program's home, where it then starts")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory);
  app.add_option("--seed", request.seed, "what the orders derive from")->capture_default_str();
  app.add_option("--limit-ms", request.deadline_ms, "of one trial")
      ->type_name("MS")
      ->check(CLI::Range(100, 86400000))
      ->capture_default_str();
  add_output_options(app, options->output);
  app.add_option("COMMAND", request.command, "the program and its arguments, after --");
  app.footer(
      "Runs the program again and again, each time in a fresh world, and decides in which order\n"
      "the file system calls of its threads and processes happen. What it writes goes with the\n"
      "world. A failing order is replayed, reduced to the fewest switches, and explained.\n"
      "Without --check and --tree-equals a trial fails by its exit code, by files that differ "
      "from\n"
      "those that it leaves undisturbed, or by complaints on standard error that it does not make\n"
      "undisturbed.\n"
      "\n"
      "Exit codes: 0 no order failed, 1 one did, 2 bad usage, 3 harness error, 4 inconclusive.\n"
      "\n"
      "  relapse explore -- sh -c 'tar xf a.tar -C out & tar xf b.tar -C out; wait'\n"
      "  relapse explore --check 'test -e out/index.html' -- make -j4\n"
      "  relapse explore --report out -- ./program; relapse replay out/record.json");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
