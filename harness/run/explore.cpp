#include "run/explore.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>

#include "model/fields.h"
#include "model/shell.h"
#include "os/files.h"
#include "run/command_plan.h"
#include "run/control_cpus.h"
#include "run/judge.h"
#include "run/record_head.h"
#include "run/schedule_search.h"
#include "run/supervisor.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Observation;
using model::Result;
using model::TrialPlan;
using model::VerdictKind;

namespace {

constexpr const char* kId = "explore";

std::string command_text(const std::vector<std::string>& command) {
  std::string out;
  for (const auto& word : command) {
    out += (out.empty() ? "" : " ") + model::shell_quoted(word);
  }
  return out;
}

// Where the user's files go: below a private folder of the world, whoever the user is.
void put_user_files(const ExploreRequest& request, TrialPlan& plan) {
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

TrialPlan plan_for(const ExploreRequest& request) {
  CommandRequest command;
  command.command = request.command;
  command.folder = request.folder;
  command.env = request.env;
  command.deadline_ms = request.deadline_ms;
  TrialPlan plan = make_command_plan(command);
  plan.id = kId;
  if (!request.user_files.empty()) {
    put_user_files(request, plan);
  }
  if (request.check.empty()) {
    plan.expect.push_back({model::ExitExpectation{0}, ""});
  } else {
    plan.check = {"sh", "-c", request.check};
  }
  return plan;
}

// The program's file on the host, by PATH where it is called by name.
model::SubjectFacts describe(const ExploreRequest& request) {
  model::SubjectFacts facts;
  facts.name = fs::path(request.command.front()).filename();
  facts.origin = "given";
  facts.label = command_text(request.command);
  std::vector<fs::path> candidates = {fs::path(request.folder) / request.command.front()};
  if (request.command.front().find('/') == std::string::npos) {
    candidates.clear();
    auto path = request.env.find("PATH");
    std::string_view rest = path == request.env.end() ? "/usr/bin:/bin" : path->second;
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

class Exploration {
 public:
  Exploration(const ExploreRequest& request, const SessionEvents& events)
      : request_(request), events_(events) {
    search_.plan = plan_for(request);
    search_.settings = request.settings;
    if (search_.settings.folders.empty()) {
      // Where programs work; a home that was not asked for holds tools, whose start-up is noise.
      search_.settings.folders = {search_.plan.world.folder, "/tmp"};
    }
    search_.seed = request.seed;
    search_.at_once = static_cast<int>(control_cpus().size());
    hooks_.run = [this](const auto& plans) { return run_trials(plans); };
    hooks_.judge = judge;
  }

  SessionResult run() {
    model::ScenarioRecord entry;
    entry.id = kId;
    entry.component = "command";
    entry.variant = command_text(request_.command);
    entry.subjects.push_back(describe(request_));
    auto supervisor = Supervisor::start();
    if (!supervisor) {
      entry.verdict = supervisor.error().kind == ErrorKind::kUnavailable
                          ? VerdictKind::kInconclusive
                          : VerdictKind::kError;
      entry.reason = supervisor.error().text();
    } else {
      supervisor_ = std::move(*supervisor);
      if (request_.replay.is_null()) {
        search(entry);
      } else {
        take(replay_schedule(search_, hooks_, request_.replay), entry);
      }
    }
    entry.duration_ms =
        std::chrono::duration<double, std::milli>(std::chrono::system_clock::now() - began_)
            .count();
    model::Record record =
        record_head(request_.replay.is_null() ? "explore" : "replay", request_.seed, began_);
    record.verdict = entry.verdict;
    record.scenarios.push_back(std::move(entry));
    return {std::move(record), supervisor_ ? supervisor_->interrupted() : 0};
  }

 private:
  std::vector<Observation> run_trials(const std::vector<TrialPlan>& plans) {
    const int first = trials_begun_;
    trials_begun_ += static_cast<int>(plans.size());
    events_.expected(static_cast<int>(plans.size()));
    Supervisor::Events events;
    events.started = [&](size_t index) {
      events_.started(first + static_cast<int>(index),
                      fmt::format("trial {}", first + static_cast<int>(index) + 1));
    };
    events.finished = [&](size_t index, const Observation&) {
      events_.finished(first + static_cast<int>(index));
    };
    events.tick = events_.tick;
    return supervisor_->run(plans, search_.at_once, events);
  }

  void show(const Observation& seen, model::ScenarioRecord& entry) const {
    entry.diagnosis = seen.diagnosis;
    entry.stalls = seen.stalls;
    entry.notes.insert(entry.notes.end(), seen.notes.begin(), seen.notes.end());
    entry.output_tail = seen.output_tail;
    if (seen.check && !seen.check->output.empty()) {
      entry.output_tail += seen.check->output;
    }
  }

  // All that the same trial takes but the environment, which is the caller's and may hold secrets.
  void add_request(nlohmann::json& schedule) const {
    schedule["command"] = {{"argv", request_.command},
                           {"folder", request_.folder},
                           {"user_files", request_.user_files},
                           {"check", request_.check},
                           {"deadline_ms", request_.deadline_ms}};
  }

  // Without a record on the disk: the search that comes to the same order.
  std::string replay_command() const {
    if (!request_.record_file.empty()) {
      return "relapse replay " + model::shell_quoted(request_.record_file);
    }
    std::string out = fmt::format("relapse explore --seed {}", request_.seed);
    const auto& settings = request_.settings;
    auto add = [&out](std::string_view option, const std::string& value) {
      out += value.empty() ? "" : fmt::format(" {} {}", option, model::shell_quoted(value));
    };
    add("--trials", std::to_string(settings.trials));
    add("--strategy", settings.strategy);
    add("--points", settings.points ? std::string(model::to_word(*settings.points)) : "");
    for (const auto& folder : settings.folders) {
      add("--folder", folder);
    }
    add("--user-files", request_.user_files);
    add("--check", request_.check);
    return out + " -- " + command_text(request_.command);
  }

  void search(model::ScenarioRecord& entry) {
    // What the command does when nobody disturbs it, which also shows that it can be run at all.
    const auto alone = run_trials({search_.plan}).front();
    const auto undisturbed = judge(search_.plan, alone);
    if (undisturbed.kind == VerdictKind::kError || undisturbed.kind == VerdictKind::kInconclusive) {
      entry.verdict = undisturbed.kind;
      entry.reason = "undisturbed: " + undisturbed.reason;
      show(alone, entry);
      return;
    }
    if (undisturbed.kind == VerdictKind::kFail) {
      entry.notes.push_back("it fails undisturbed too: " + undisturbed.reason);
    }
    take(search_schedules(search_, hooks_), entry);
    add_request(entry.schedule);
    if (entry.trials.failed > 0) {
      entry.replay = replay_command();
    }
  }

  void take(SearchResult result, model::ScenarioRecord& entry) const {
    entry.verdict = result.verdict.kind;
    entry.reason = result.verdict.reason;
    entry.trials = result.trials;
    entry.schedule = std::move(result.schedule);
    entry.notes.insert(entry.notes.end(), result.notes.begin(), result.notes.end());
    show(result.seen, entry);
  }

  const ExploreRequest& request_;
  const SessionEvents& events_;
  SearchRequest search_;
  SearchHooks hooks_;
  std::unique_ptr<Supervisor> supervisor_;
  int trials_begun_ = 0;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
};

}  // namespace

Result<SessionResult> explore(const ExploreRequest& request, const SessionEvents& events) {
  std::error_code error;
  if (!request.user_files.empty() && !fs::is_directory(request.user_files, error)) {
    return Error{ErrorKind::kUsage,
                 fmt::format("--user-files {}: there is no such folder", request.user_files),
                 "name a folder; its content becomes the command's home in each world"};
  }
  return Exploration(request, events).run();
}

Result<ExploreRequest> explore_request_of(const model::ScenarioRecord& entry) {
  auto found = entry.schedule.find("command");
  if (found == entry.schedule.end()) {
    return Error{ErrorKind::kUsage, "the record's entry holds no command", ""};
  }
  ExploreRequest request;
  model::Fields fields(*found, "/schedule/command");
  request.command = fields.list("argv");
  request.folder = fields.stated_text("folder");
  request.user_files = fields.text("user_files");
  request.check = fields.text("check");
  request.deadline_ms = fields.stated_amount("deadline_ms");
  auto done = fields.finish_open();
  if (!done) {
    return done.error();
  }
  if (request.command.empty()) {
    return Error{ErrorKind::kUsage, "the record's entry holds an empty command", ""};
  }
  auto recorded = entry.schedule.value("settings", nlohmann::json::object());
  auto settings = model::schedule_settings_from_json(recorded, "/schedule/settings");
  if (!settings) {
    return settings.error();
  }
  request.settings = std::move(*settings);
  request.replay = entry.schedule;
  return request;
}

}  // namespace relapse::run
