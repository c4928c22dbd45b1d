#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>
#include <map>

#include "cli/command.h"
#include "cli/command_env.h"
#include "model/nearest.h"
#include "model/verdict.h"
#include "run/version.h"

namespace relapse::cli {

namespace {

constexpr auto kCommands = std::to_array<Command>({
    {"run", "replay incidents against the current subjects", declare_run},
    {"calibrate", "prove that each scenario can fail: its specimens must come out as they must",
     declare_calibrate},
    {"explore", "try orders of a program's file system calls, and explain one that fails",
     declare_explore},
    {"inject", "fail a program's system calls, and see whether it bears that", declare_inject},
    {"replay", "the exact trial of a record again", declare_replay},
    {"bisect", "find the version of a program in which its behaviour changed", declare_bisect},
    {"report", "a record again, in another form", declare_report},
    {"merge", "one record of several: of the shards of a run", declare_merge},
    {"diagnose", "say why a process does not move", declare_diagnose},
    {"env", "which environment variables a build wants, gets and cannot do without", declare_env},
    {"list", "the scenarios", declare_list},
    {"show", "one scenario: its incident, roles, variants and expectations", declare_show},
    {"check", "check scenario files; errors come with file, line and the nearest valid name",
     declare_check},
    {"new", "a scenario to begin with: well formed, and calibrated", declare_new},
    {"doctor", "what this host can do, and how to get the rest", declare_doctor},
});

constexpr const char* kAbout =
    "relapse replays past incidents against the real programs, inside Linux namespaces, and says\n"
    "pass or fail with the cause.";

constexpr const char* kProgramFooter =
    "Exit codes: 0 pass, 1 a scenario failed, 2 bad usage or scenario, 3 harness error,\n"
    "4 inconclusive (a subject or a capability is missing).\n"
    "\n"
    "  relapse run                                    every scenario, current subjects\n"
    "  relapse run agent-stdin-open --subject runner=./run-agent.mjs --report out\n"
    "  relapse explore -- ./program                   does an order of its calls fail?\n"
    "  relapse diagnose 510                           why does process 510 not move?";

// A word that should have been a command, with the one that was meant.
void suggest(const CLI::App& app, int argc, char** argv) {
  const CLI::App* group = &app;
  int at = 1;
  while (!group->get_subcommands().empty()) {
    group = group->get_subcommands().front();
    ++at;
  }
  std::vector<std::string> names;
  for (const CLI::App* command : group->get_subcommands({})) {
    names.push_back(command->get_name());
  }
  if (at < argc && argv[at][0] != '-' && !names.empty()) {
    fmt::print(stderr, "         {}\n", model::suggestion(argv[at], names));
  } else {
    std::string words = "relapse";
    for (int i = 1; i < at && i < argc; ++i) {
      words += fmt::format(" {}", argv[i]);
    }
    fmt::print(stderr, "         {} --help shows the usage\n", words);
  }
}

int usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  fmt::print(stderr, "relapse: {}\n", error.what());
  suggest(app, argc, argv);
  return model::kExitUsage;
}

int run_program(int argc, char** argv) {
  CLI::App app(kAbout, "relapse");
  app.footer(kProgramFooter);
  app.set_version_flag("--version", fmt::format("relapse {} ({})", run::kVersion, run::kCommit));
  app.require_subcommand(1);
  std::map<const CLI::App*, std::function<int()>> actions;
  for (const auto& command : kCommands) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    actions[sub] = command.declare(*sub);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return usage_error(app, error, argc, argv);
  }
  return actions.at(app.get_subcommands().front())();
}

}  // namespace

}  // namespace relapse::cli

int main(int argc, char** argv) {
  try {
    return relapse::cli::run_program(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "relapse: internal error: {}\n", e.what());
    return relapse::model::kExitHarness;
  }
}
