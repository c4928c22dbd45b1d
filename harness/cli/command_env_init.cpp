#include <fmt/format.h>

#include <filesystem>

#include "cli/command_env.h"
#include "cli/env_build.h"
#include "contract/contract.h"
#include "contract/contract_init.h"
#include "model/verdict.h"
#include "os/files.h"

namespace relapse::cli {

namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string project = ".";
  std::string workflow;
  std::string job;
  bool force = false;
};

// What the deploy step supplies, where it can be found out: a first contract is worth having
// without it too. The answer: kExitPass, or the exit code of an interrupt.
int ask(const env::DeployPlace& place, std::optional<env::SuppliedReport>& supplied) {
  const auto unknown = [&](const model::Error& error) {
    fmt::print(stderr, "relapse: what {} supplies is not known: {}\n", place.job, error.text());
  };
  auto runner = start_runner();
  if (!runner) {
    unknown(runner.error());
    return model::kExitPass;
  }
  env::JobRequest request;
  request.workflow = place.workflow;
  request.job = place.job;
  auto report = env::find_supplied(request, *runner->commands);
  runner->progress->clear();
  if (const int signal = runner->commands->interrupted(); signal != 0) {
    tell_interrupted();
    return interrupted_exit(signal);
  }
  if (report) {
    supplied = std::move(*report);
  } else {
    unknown(report.error());
  }
  return model::kExitPass;
}

int execute(const InitOptions& options) {
  std::error_code error;
  const fs::path project = fs::canonical(options.project, error);
  const fs::path file = project / env::kContractFile;
  if (!error && fs::exists(file, error) && !options.force) {
    return report_error({model::ErrorKind::kUsage,
                         fmt::format("there is a contract already: {}", file.string()),
                         "--force writes a new one over it"});
  }
  auto scan = env::scan_folder(options.project);
  if (!scan) {
    return report_error(scan.error());
  }
  std::optional<env::DeployPlace> deploy;
  if (!options.workflow.empty()) {
    deploy = {fs::absolute(options.workflow).lexically_normal().string(), options.job};
  } else if (const auto found = env::find_deploys(project); !found.empty()) {
    deploy = found.front();
  }
  std::optional<env::SuppliedReport> supplied;
  if (deploy && !deploy->job.empty()) {
    if (const int code = ask(*deploy, supplied); code != model::kExitPass) {
      return code;
    }
  }
  auto written =
      os::write_file_atomically(file, env::first_contract(project, *scan, deploy, supplied));
  if (!written) {
    return report_error(written.error());
  }
  fmt::print(
      "{} is written. Say of each name whether it is required, and give values to try:\n"
      "  \"deploy\": {{\"values\": …}} for what the service's settings hold, or \"sample\" "
      "beside a name.\n"
      "Then: relapse env check --project {}\n",
      file.string(), options.project);
  return model::kExitPass;
}

}  // namespace

std::function<int()> declare_env_init(CLI::App& app) {
  auto options = std::make_shared<InitOptions>();
  app.add_option("--project", options->project, "the folder that gets a relapse.env.json")
      ->type_name("DIR")
      ->capture_default_str();
  auto* workflow = app.add_option("--workflow", options->workflow,
                                  "the workflow that deploys; otherwise the likeliest is taken")
                       ->type_name("FILE");
  app.add_option("--job", options->job, "its job")->type_name("JOB")->needs(workflow);
  app.add_flag("--force", options->force, "over a contract that is there already");
  app.footer(
      "Writes a first contract: how the project is built and deployed, and of each variable\n"
      "that the source reads whether it seems required. Correct it, then let\n"
      "`relapse env check` hold the project to it.");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
