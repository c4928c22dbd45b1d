#include "cli/command_env.h"

#include <map>
#include <vector>

namespace relapse::cli {

namespace {

// In the order in which the questions arise.
const std::vector<Command>& env_commands() {
  static const std::vector<Command> commands = {
      {"scan", "which variables the source names, and where", declare_env_scan},
      {"supplied", "which variables a deploy gives, found by running its own steps",
       declare_env_supplied},
      {"observe", "which variables a real build asks for, and where", declare_env_observe},
      {"knockout", "build without each variable, and with it empty: what notices?",
       declare_env_knockout},
      {"page", "does a built page work in a browser?", declare_env_page},
      {"check", "is every required variable supplied, and would the build notice if it were not?",
       declare_env_check},
      {"init", "write a first contract, relapse.env.json", declare_env_init},
  };
  return commands;
}

constexpr const char* kFooter =
    "A variable that is missing at build time rarely fails the build: it fails the user. These\n"
    "commands try it out instead of trusting a list. No value is ever printed.\n"
    "\n"
    "Exit codes: 0 pass, 1 something required is missing or its absence is silent, 2 bad usage,\n"
    "workflow or contract, 3 harness error, 4 inconclusive.";

}  // namespace

std::function<int()> declare_env(CLI::App& app) {
  app.require_subcommand(1);
  app.footer(kFooter);
  auto actions = std::make_shared<std::map<const CLI::App*, std::function<int()>>>();
  for (const auto& command : env_commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary);
    (*actions)[sub] = command.declare(*sub);
  }
  return [&app, actions] { return actions->at(app.get_subcommands().front())(); };
}

}  // namespace relapse::cli
