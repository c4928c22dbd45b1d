#pragma once
// The commands below `relapse env`. One file each, as for the commands of the program;
// command_env.cpp holds their table.

#include "cli/command.h"

namespace relapse::cli {

// Questions about environment variables: which subcommand was meant, and what it does.
std::function<int()> declare_env(CLI::App& app);

std::function<int()> declare_env_page(CLI::App& app);
std::function<int()> declare_env_observe(CLI::App& app);
std::function<int()> declare_env_knockout(CLI::App& app);
std::function<int()> declare_env_check(CLI::App& app);
std::function<int()> declare_env_init(CLI::App& app);
std::function<int()> declare_env_scan(CLI::App& app);
std::function<int()> declare_env_supplied(CLI::App& app);

}  // namespace relapse::cli
