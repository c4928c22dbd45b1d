#include <fmt/format.h>

#include <filesystem>

#include "cli/command_env.h"
#include "cli/env_build.h"
#include "contract/check.h"
#include "contract/check_report.h"
#include "model/fields.h"
#include "model/record.h"
#include "os/files.h"
#include "os/scratch_folder.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

namespace fs = std::filesystem;

struct CheckOptions {
  std::string project = ".";
  std::string contract;
  std::string budget;
  std::string start = "5s";
  std::string report_folder;
  std::vector<std::string> program;
  int jobs = 0;
  bool strict = false;
  bool json = false;
};

model::Result<env::CheckRequest> make_request(const CheckOptions& options) {
  const fs::path file = options.contract.empty() ? fs::path(options.project) / env::kContractFile
                                                 : fs::path(options.contract);
  auto contract = env::read_contract(fs::absolute(file).lexically_normal());
  if (!contract) {
    return contract.error();
  }
  auto home = run::find_project();
  if (!home) {
    return home.error();
  }
  env::CheckRequest request;
  request.contract = std::move(*contract);
  request.caller = caller_environment();
  request.strict = options.strict;
  if (!options.budget.empty()) {
    request.budget_ms = model::parse_duration_ms(options.budget);
  }
  request.jobs = options.jobs > 0 ? options.jobs : usable_cores();
  request.page_driver = *home + "/harness/env/page/page_driver";
  auto observer = observer_folder();
  if (!observer) {
    return observer.error();
  }
  request.observer = *std::move(observer);
  request.program = options.program;
  request.start_ms = model::parse_duration_ms(options.start).value_or(request.start_ms);
  request.now_ms = steady_ms;
  return request;
}

model::Result<> write_report(const std::string& folder, const env::CheckReport& report) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return model::system_error("make the folder " + folder, error.value());
  }
  const std::string document = model::json_text(env::to_json(report));
  RELAPSE_TRY(os::write_file_atomically(fs::path(folder) / "env-check.json", document));
  return os::write_file_atomically(fs::path(folder) / "env-check.md", env::to_markdown(report));
}

int tell(const CheckOptions& options, const env::CheckReport& report) {
  if (options.json) {
    print_document(env::to_json(report));
  } else {
    fmt::print("{}", env::to_table(report));
  }
  if (!options.report_folder.empty()) {
    auto written = write_report(options.report_folder, report);
    if (!written) {
      return report_error(written.error());
    }
  }
  return model::exit_code(report.verdict);
}

int execute(const CheckOptions& options) {
  auto request = make_request(options);
  if (!request) {
    return report_error(request.error());
  }
  auto scratch = os::ScratchFolder::make();
  if (!scratch) {
    return report_error(scratch.error());
  }
  request->scratch = scratch->path();
  if (!options.report_folder.empty()) {
    const fs::path screenshots = fs::absolute(options.report_folder) / "screenshots";
    std::error_code error;
    fs::remove_all(screenshots, error);  // of an earlier check; ours alone lie there
    request->screenshots = screenshots.lexically_normal();
    fs::create_directories(options.report_folder, error);
  }
  return ask_in_worlds([&](auto& runner) { return env::run_check(*request, runner); },
                       [&](const auto& report) { return tell(options, report); });
}

}  // namespace

std::function<int()> declare_env_check(CLI::App& app) {
  auto options = std::make_shared<CheckOptions>();
  app.add_option("--project", options->project, "the folder that holds relapse.env.json")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--contract", options->contract, "the contract, where it has another name")
      ->type_name("FILE");
  app.add_flag("--strict", options->strict, "a wanted name that is not in the contract fails");
  app.add_option("--budget", options->budget,
                 "begin no build that would not end within this time; says what was not tried")
      ->type_name("TIME")
      ->check(check_duration);
  app.add_option("--jobs,-j", options->jobs, "builds at a time (default: the cores)")
      ->check(CLI::Range(1, 1024));
  app.add_option("--start-within", options->start,
                 "with PROGRAM: one that lives so long has started")
      ->check(check_duration)
      ->capture_default_str();
  app.add_option("--report", options->report_folder,
                 "write env-check.json, env-check.md and screenshots into this folder")
      ->type_name("DIR");
  app.add_flag("--json", options->json, "for programs");
  app.add_option("PROGRAM", options->program,
                 "after --: a program that must refuse to start without each required variable, "
                 "and with each of them empty")
      ->type_name("-- PROGRAM");
  app.footer(
      "Joins what the source wants, what the deploy step supplies, what builds do without each\n"
      "name, and what the page does then. A required name that is not supplied, is supplied\n"
      "empty, or whose absence the build does not notice: fail.\n"
      "\n"
      "Exit codes: 0 pass, 1 fail, 2 bad contract or workflow, 3 harness error, 4 inconclusive.\n"
      "\n"
      "  relapse env check --project apps/platform\n"
      "  relapse env check --strict --budget 2min --report out\n"
      "  relapse env check -- node server.js");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
