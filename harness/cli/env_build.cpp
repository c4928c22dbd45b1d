#include "cli/env_build.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>

#include "model/fields.h"
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

void tell_interrupted() {
  std::cerr << "relapse: interrupted\n";
}

model::Result<std::string> observer_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto folder = program.parent_path() / "observer";
  if (error || !std::filesystem::exists(folder / "relapse-preload.so", error)) {
    return model::Error{model::ErrorKind::kUnavailable,
                        "the observers are not at " + folder.string(),
                        "they are built with the program: make build"};
  }
  return folder.string();
}

std::string check_duration(const std::string& text) {
  return model::parse_duration_ms(text) ? "" : "takes a duration: 30s, 5min";
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
