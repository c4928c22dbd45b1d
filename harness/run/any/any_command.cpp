#include "any/any_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "control/control_cpus.h"
#include "model/fields.h"
#include "model/shell.h"
#include "os/files.h"
#include "trial/command_plan.h"
#include "trial/supervisor.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Observation;
using model::Result;
using model::TrialPlan;
using model::VerdictKind;

namespace {

// A trial takes some ten milliseconds; reading so much takes no longer.
constexpr int kComparedEntriesMax = 2'000;
constexpr std::uintmax_t kComparedBytesMax = std::uintmax_t{16} << 20;

// Where the user's files go: below a private folder of the world, whoever the user is.
void put_user_files(const AnyCommand& request, TrialPlan& plan) {
  auto& world = plan.world;
  world.home = "/home/" + world.user;
  world.folder = world.home;
  world.env["HOME"] = world.home;
  world.files.push_back(
      {model::WorldFile::Kind::kCopyOfTree, world.home, request.user_files, 0755});
  auto& program = world.command.front();
  if (program.find('/') != std::string::npos) {
    program = (fs::path(request.folder) / program).lexically_normal();
  }
}

// The program's file on the host, by PATH where it is called by name.
model::SubjectFacts describe(const AnyCommand& request) {
  model::SubjectFacts facts;
  facts.name = fs::path(request.command.front()).filename();
  facts.origin = "given";
  facts.label = command_text(request.command);
  std::vector<fs::path> candidates = {fs::path(request.folder) / request.command.front()};
  if (request.command.front().find('/') == std::string::npos) {
    candidates.clear();
    auto path = request.env.find("PATH");
    std::string_view rest = "/usr/local/bin:/usr/bin:/bin";
    if (path != request.env.end()) {
      rest = path->second;
    }
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(':'), rest.size());
      candidates.push_back(fs::path(rest.substr(0, end)) / request.command.front());
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const auto& candidate : candidates) {
    std::error_code error;
    const fs::path real = fs::canonical(candidate, error);
    if (!error && ::access(real.c_str(), X_OK) == 0) {
      facts.path = real;
      auto hash = os::sha256_of_file(real);
      facts.sha256 = hash ? *hash : "";
      return facts;
    }
  }
  return facts;
}

}  // namespace

std::string command_text(const std::vector<std::string>& command) {
  std::string out;
  for (const auto& word : command) {
    out += (out.empty() ? "" : " ") + model::shell_quoted(word);
  }
  return out;
}

std::string option_text(std::string_view option, const std::string& value) {
  return value.empty() ? "" : fmt::format(" {} {}", option, model::shell_quoted(value));
}

std::string trial_text(const AnyCommand& command) {
  const bool is_default = command.deadline_ms == kDefaultDeadlineMs;
  return option_text("--user-files", command.user_files) + option_text("--check", command.check) +
         option_text("--limit-ms", is_default ? "" : fmt::format("{:.0f}", command.deadline_ms)) +
         " -- " + command_text(command.command);
}

TrialPlan plan_for(const AnyCommand& request) {
  CommandRequest command;
  command.command = request.command;
  command.folder = request.folder;
  command.env = request.env;
  command.deadline_ms = request.deadline_ms;
  TrialPlan plan = make_command_plan(command);
  if (!request.user_files.empty()) {
    put_user_files(request, plan);
  }
  if (!request.check.empty()) {
    plan.check = {"sh", "-c", request.check};
  }
  return plan;
}

std::vector<std::string> work_folders(const TrialPlan& plan) {
  return {plan.world.folder, "/tmp"};
}

bool is_comparable(const AnyCommand& request) {
  const auto& folder = request.user_files.empty() ? request.folder : request.user_files;
  int entries = 0;
  std::uintmax_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    std::error_code none;  // no size: no file
    const auto size = walk->is_regular_file(none) ? walk->file_size(none) : 0;
    bytes += none ? 0 : size;
    if (++entries > kComparedEntriesMax || bytes > kComparedBytesMax) {
      return false;
    }
  }
  return !error;
}

nlohmann::json command_json(const AnyCommand& command) {
  return {{"argv", command.command},
          {"folder", command.folder},
          {"user_files", command.user_files},
          {"check", command.check},
          {"deadline_ms", command.deadline_ms}};
}

model::Result<> read_command(const nlohmann::json& object, const std::string& pointer,
                             AnyCommand& out) {
  model::Fields fields(object, pointer);
  out.command = fields.list("argv");
  out.folder = fields.stated_text("folder");
  out.user_files = fields.text("user_files");
  out.check = fields.text("check");
  out.deadline_ms = fields.stated_amount("deadline_ms");
  RELAPSE_TRY(fields.finish_open());
  if (out.command.empty()) {
    return model::Error{model::ErrorKind::kUsage, "the record's entry holds an empty command", ""};
  }
  return model::Done{};
}

Result<> check_command(const AnyCommand& command) {
  std::error_code error;
  if (!command.user_files.empty() && !fs::is_directory(command.user_files, error)) {
    return Error{ErrorKind::kUsage,
                 fmt::format("--user-files {}: there is no such folder", command.user_files),
                 "name a folder; its content becomes the command's home in each world"};
  }
  if (describe(command).path.empty()) {
    const auto& program = command.command.front();
    const bool named = program.find('/') == std::string::npos;
    return Error{ErrorKind::kUsage,
                 fmt::format("{}: there is no such program{}", program, named ? " on PATH" : ""),
                 named ? "say where it lies, as in ./" + program +
                             ", or give a line of shell as: sh -c '" +
                             command_text(command.command) + "'"
                       : "name a file that is there and may be executed"};
  }
  return model::Done{};
}

model::ScenarioRecord entry_for(const AnyCommand& command, const std::string& id) {
  model::ScenarioRecord entry;
  entry.id = id;
  entry.component = "command";
  entry.variant = command_text(command.command);
  entry.subjects.push_back(describe(command));
  return entry;
}

void show(const Observation& seen, model::ScenarioRecord& entry) {
  entry.diagnosis = seen.diagnosis;
  entry.stalls = seen.stalls;
  entry.notes.insert(entry.notes.end(), seen.notes.begin(), seen.notes.end());
  entry.output_tail = seen.output_tail;
  if (seen.check && !seen.check->output.empty()) {
    entry.output_tail += seen.check->output;
  }
}

CommandTrials::CommandTrials(const SessionEvents& events)
    : events_(events), at_once_(static_cast<int>(control_cpus().size())) {}

CommandTrials::~CommandTrials() = default;

bool CommandTrials::start(model::ScenarioRecord& entry) {
  auto supervisor = Supervisor::start();
  if (!supervisor) {
    entry.verdict = supervisor.error().kind == ErrorKind::kUnavailable ? VerdictKind::kInconclusive
                                                                       : VerdictKind::kError;
    entry.reason = supervisor.error().text();
    return false;
  }
  supervisor_ = std::move(*supervisor);
  return true;
}

std::vector<Observation> CommandTrials::run(const std::vector<TrialPlan>& plans) {
  const int first = begun_;
  begun_ += static_cast<int>(plans.size());
  events_.expected(static_cast<int>(plans.size()));
  Supervisor::Events events;
  events.started = [&](size_t index) {
    const int number = first + static_cast<int>(index);
    events_.started(number, fmt::format("trial {}", number + 1));
  };
  events.finished = [&](size_t index, const Observation&) {
    events_.finished(first + static_cast<int>(index));
  };
  events.tick = events_.tick;
  return supervisor_->run(plans, at_once_, events);
}

int CommandTrials::interrupted() const {
  return supervisor_ ? supervisor_->interrupted() : 0;
}

}  // namespace relapse::run
