#include "cli/env_build.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>

#include "os/terminal.h"

namespace relapse::cli {

model::Result<env::Environment> supplied_by(const std::string& env_file) {
  env::Environment supplied;
  if (env_file.empty()) {
    return supplied;
  }
  auto entries = env::read_env_file(env_file);
  if (!entries) {
    return entries.error();
  }
  for (const auto& [name, entry] : *entries) {
    supplied[name] = entry.value;
  }
  return supplied;
}

model::Result<WatchedRunner> start_runner() {
  WatchedRunner runner;
  runner.progress = std::make_unique<reports::Progress>(
      std::cerr, os::is_live_terminal(STDERR_FILENO),
      [] { return std::chrono::steady_clock::now(); },
      [] { return os::terminal_width(STDERR_FILENO); });
  auto* progress = runner.progress.get();
  env::RunnerProgress events;
  events.expected = [progress](int more) { progress->expect(more); };
  events.started = [progress](int id, const std::string& label) { progress->started(id, label); };
  events.finished = [progress](int id) { progress->finished(id); };
  events.tick = [progress] { progress->tick(); };
  auto commands = run::WorldCommands::start(std::move(events));
  if (!commands) {
    return commands.error();
  }
  runner.commands = std::move(*commands);
  return runner;
}

double steady_ms() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return ::sched_getaffinity(0, sizeof(set), &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

}  // namespace relapse::cli
