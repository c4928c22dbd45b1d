#include <fmt/format.h>

#include "cli/command_env.h"
#include "cli/env_build.h"
#include "model/verdict.h"
#include "os/files.h"
#include "supplied/supplied.h"

namespace relapse::cli {

namespace {

struct SuppliedOptions {
  env::JobRequest request;
  std::string values_file;
  bool json = false;
};

int tell(const SuppliedOptions& options, const env::SuppliedReport& report) {
  if (options.json) {
    print_document(env::to_json(report));
  } else {
    fmt::print("{}", env::to_table(report));
  }
  if (report.calls.empty()) {
    return report_error(
        {model::ErrorKind::kUnavailable,
         fmt::format("no step of '{}' calls a tool that builds or deploys", options.request.job),
         "name yours with --tool"});
  }
  return model::kExitPass;
}

int execute(SuppliedOptions& options) {
  if (!options.values_file.empty()) {
    auto text = os::read_file(options.values_file);
    if (!text) {
      return report_error({model::ErrorKind::kUsage, text.error().message});
    }
    auto values = env::parse_values(*text, options.values_file);
    if (!values) {
      return report_error(values.error());
    }
    options.request.values = std::move(*values);
  }
  return ask_in_worlds([&](auto& runner) { return env::find_supplied(options.request, runner); },
                       [&](const auto& report) { return tell(options, report); });
}

}  // namespace

std::function<int()> declare_env_supplied(CLI::App& app) {
  auto options = std::make_shared<SuppliedOptions>();
  app.add_option("--workflow", options->request.workflow, "the GitHub workflow that deploys")
      ->type_name("FILE")
      ->required();
  app.add_option("--job", options->request.job, "its job that builds or deploys")
      ->type_name("JOB")
      ->required();
  app.add_option("--values", options->values_file,
                 "JSON: an object of vars, secrets, inputs and github, each an object; what is "
                 "not there is empty, as on the service")
      ->type_name("FILE.json");
  app.add_option("--tool", options->request.tools, "one more tool that builds or deploys")
      ->type_name("NAME");
  app.add_flag("--json", options->json, "for programs");
  app.footer(
      "The job's own scripts are run in worlds without a network, where vercel, netlify, "
      "wrangler,\n"
      "docker, fly, npm and others are stand-ins that write down what they are given. Composite\n"
      "actions and reusable workflows of the repository are followed, and .env files are read as\n"
      "the build tool reads them. Values are never shown: only whether they are set or empty.\n"
      "\n"
      "Exit codes: 0 something builds or deploys, 2 bad workflow, 4 nothing does.\n"
      "\n"
      "  relapse env supplied --workflow .github/workflows/deploy.yml --job platform\n"
      "  relapse env supplied --workflow deploy.yml --job web --values production.json --json");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
