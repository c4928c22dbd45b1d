#include "any/explore.h"

#include <fmt/format.h>

#include <chrono>

#include "any/explore_plan.h"
#include "model/fields.h"
#include "model/shell.h"
#include "run/judge.h"
#include "run/record_head.h"
#include "search/schedule_search.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Observation;
using model::Result;
using model::TrialPlan;
using model::VerdictKind;

namespace {

constexpr const char* kExploreId = "explore";  // of the record's entry

class Exploration {
 public:
  Exploration(const ExploreRequest& request, const TrialPlan& plan, const SessionEvents& events)
      : request_(request), trials_(events) {
    search_.plan = plan;
    search_.settings = request.settings;
    if (search_.settings.folders.empty()) {
      search_.settings.folders = work_folders(search_.plan);
    }
    search_.seed = request.seed;
    search_.at_once = trials_.at_once();
    hooks_.run = [this](const auto& plans) { return trials_.run(plans); };
    hooks_.judge = judge;
  }

  SessionResult run() {
    model::ScenarioRecord entry = entry_for(request_, kExploreId);
    if (trials_.start(entry)) {
      if (!run_undisturbed(entry)) {
        // It is told why.
      } else if (request_.replay.is_null()) {
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
    return {std::move(record), trials_.interrupted()};
  }

 private:
  void show(const Observation& seen, model::ScenarioRecord& entry) const {
    run::show(seen, entry);
    entry.tree = tree_facts(search_.plan, seen);
  }

  void add_request(nlohmann::json& schedule) const {
    schedule["command"] = command_json(request_);
    schedule["command"]["tree_equals"] = request_.tree_equals;
  }

  // Without a record on the disk: the search that comes to the same order.
  std::string replay_command() const {
    if (!request_.record_file.empty()) {
      return "relapse replay " + model::shell_quoted(request_.record_file);
    }
    std::string out = fmt::format("relapse explore --seed {}", request_.seed);
    const auto& settings = request_.settings;
    out += option_text("--trials", std::to_string(settings.trials)) +
           option_text("--strategy", settings.strategy) +
           option_text("--points", settings.points ? std::string(to_word(*settings.points)) : "");
    for (const auto& folder : settings.folders) {
      out += option_text("--folder", folder);
    }
    return out + option_text("--tree-equals", request_.tree_equals) + trial_text(request_);
  }

  // What the command does when every call goes on in its turn: that it can be run at all, and
  // which files it leaves. False: there is nothing to search, and the entry says why.
  bool run_undisturbed(model::ScenarioRecord& entry) {
    model::SchedulePlan calm;
    calm.strategy = "calm";
    calm.seed = request_.seed;
    TrialPlan plan = search_.plan;
    plan.call_control = control_for(search_, calm);
    const bool by_files = by_exit() && is_comparable(request_);
    if (by_files) {
      plan.collect.push_back({plan.world.folder, ""});
    }
    const auto alone = trials_.run({plan}).front();
    const auto verdict = judge(plan, alone);
    if (verdict.kind == VerdictKind::kError || verdict.kind == VerdictKind::kInconclusive) {
      entry.verdict = verdict.kind;
      entry.reason = "undisturbed: " + verdict.reason;
      show(alone, entry);
      return false;
    }
    if (verdict.kind == VerdictKind::kFail) {
      entry.notes.push_back("it fails undisturbed too: " + verdict.reason);
    } else if (by_exit()) {
      const auto again = trials_.run({plan}).front();
      search_.plan.silent_error = alone.error_bytes == 0 && again.error_bytes == 0;
      auto first = alone.trees.find(plan.world.folder);
      auto second = again.trees.find(plan.world.folder);
      if (first != alone.trees.end() && second != again.trees.end()) {
        expect_same_files(first->second, second->second, search_.plan);
      }
    }
    if (by_exit() && !by_files) {
      entry.notes.push_back(
          "the folder is too large to compare its files after every trial: say what must hold "
          "with --check or --tree-equals");
    }
    return true;
  }

  // The user has said nothing of what must hold.
  bool by_exit() const { return request_.check.empty() && request_.tree_equals.empty(); }

  void search(model::ScenarioRecord& entry) {
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
  CommandTrials trials_;
  SearchRequest search_;
  SearchHooks hooks_;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
};

}  // namespace

Result<SessionResult> explore(const ExploreRequest& request, const SessionEvents& events) {
  RELAPSE_TRY(check_command(request));
  auto plan = explore_plan(request);
  if (!plan) {
    return plan.error();
  }
  return Exploration(request, *plan, events).run();
}

Result<ExploreRequest> explore_request_of(const model::ScenarioRecord& entry) {
  auto found = entry.schedule.find("command");
  if (found == entry.schedule.end()) {
    return Error{ErrorKind::kUsage, "the record's entry holds no command", ""};
  }
  ExploreRequest request;
  RELAPSE_TRY(read_command(*found, "/schedule/command", request));
  model::Fields fields(*found, "/schedule/command");
  request.tree_equals = fields.text("tree_equals");
  RELAPSE_TRY(fields.finish_open());
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
