#include "trial/world_commands.h"

#include <algorithm>

#include "scenario/planner.h"
#include "trial/command_plan.h"

namespace relapse::run {

using model::Observation;
using model::Result;
using model::TrialEnd;

namespace {

// Verbose builds print some hundred kilobytes; a bound only keeps a runaway from our memory.
constexpr std::uint64_t kOutputBytesMax = std::uint64_t{4} << 20;

// A build is a larger program than a subject: parallel compilers, bundlers with a thread a core
// and a watcher a folder, artifacts with debug symbols. Still bounded, so that none takes the
// host along.
model::WorldLimits build_limits(double deadline_ms) {
  model::WorldLimits limits;
  limits.processes = 8192;
  limits.open_files = 65536;
  limits.file_bytes = std::uint64_t{8} << 30;
  limits.disk_bytes = std::uint64_t{8} << 30;
  limits.memory_bytes = std::uint64_t{12} << 30;
  // Of one process; all its threads count. The deadline is what bounds a build.
  constexpr double kCoresMax = 64;
  limits.cpu_s = static_cast<std::uint64_t>(deadline_ms / 1000 * kCoresMax) + 1;
  return limits;
}

}  // namespace

model::TrialPlan make_world_plan(const env::WorldCommand& command) {
  CommandRequest request;
  request.command = command.argv;
  request.folder = command.folder;
  request.env = command.env;
  request.deadline_ms = command.deadline_ms;
  request.quiet_ms = command.deadline_ms;
  request.own_home = true;
  auto plan = make_command_plan(request);
  plan.output_bytes_max = kOutputBytesMax;
  plan.world.limits = build_limits(command.deadline_ms);
  auto& mounts = plan.world.mounts;
  mounts.insert(mounts.end(), command.mounts.begin(), command.mounts.end());
  // An outer folder before what is shown inside it.
  std::stable_sort(mounts.begin(), mounts.end(),
                   [](const auto& a, const auto& b) { return a.target < b.target; });
  plan.world.files = command.files;
  plan.collect = command.collect;
  plan.secrets = command.secrets;
  place_fakes(command.fakes, plan);
  const Variables variables = fake_variables(command.fakes);
  for (auto& [name, value] : plan.world.env) {
    value = expand(value, variables);
  }
  for (auto& file : plan.world.files) {
    file.content = expand(file.content, variables);
  }
  return plan;
}

Result<std::unique_ptr<WorldCommands>> WorldCommands::start(env::RunnerProgress progress) {
  auto supervisor = Supervisor::start();
  if (!supervisor) {
    return supervisor.error();
  }
  return std::unique_ptr<WorldCommands>(
      new WorldCommands(std::move(*supervisor), std::move(progress)));
}

Result<std::vector<Observation>> WorldCommands::run(const std::vector<env::WorldCommand>& commands,
                                                    int jobs) {
  std::vector<model::TrialPlan> plans;
  plans.reserve(commands.size());
  for (const auto& command : commands) {
    plans.push_back(make_world_plan(command));
  }
  if (progress_.expected) {
    progress_.expected(static_cast<int>(commands.size()));
  }
  const int first = begun_;
  begun_ += static_cast<int>(commands.size());
  Supervisor::Events events;
  events.wanted = [&](size_t index) {
    return !commands[index].still_wanted || commands[index].still_wanted();
  };
  events.started = [&](size_t index) {
    if (progress_.started) {
      progress_.started(first + static_cast<int>(index), commands[index].label);
    }
  };
  events.finished = [&](size_t index, const Observation&) {
    if (progress_.finished) {
      progress_.finished(first + static_cast<int>(index));
    }
  };
  events.tick = progress_.tick;
  auto seen = supervisor_->run(plans, std::max(jobs, 1), events);
  // Where not one world came to be, it is the host and not the commands.
  const bool none = !seen.empty() && std::all_of(seen.begin(), seen.end(), [](const auto& one) {
    return one.end == TrialEnd::kSetupFailed && one.error.kind != model::ErrorKind::kScenario;
  });
  if (none) {
    return seen.front().error;
  }
  return seen;
}

}  // namespace relapse::run
