#include "any/inject.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "any/explore_plan.h"
#include "model/shell.h"
#include "run/judge.h"
#include "run/record_head.h"
#include "search/error_sweep.h"

namespace relapse::run {

using model::Observation;
using model::Result;
using model::TrialEnd;
using model::TrialPlan;
using model::VerdictKind;

namespace {

constexpr const char* kInjectId = "inject";

class Injecting {
 public:
  Injecting(const InjectRequest& request, const SessionEvents& events)
      : request_(request), trials_(events) {
    sweep_.plan = plan_for(request);
    sweep_.plan.id = kInjectId;
    sweep_.settings = request.settings;
    if (sweep_.settings.folders.empty()) {
      sweep_.settings.folders = work_folders(sweep_.plan);
    }
    sweep_.at_once = trials_.at_once();
    hooks_.run = [this](const auto& plans) { return trials_.run(plans); };
    hooks_.judge = judge;
  }

  SessionResult run() {
    model::ScenarioRecord entry = entry_for(request_, kInjectId);
    if (trials_.start(entry) && (!request_.check.empty() || learn(entry))) {
      take(sweep_errors(sweep_, hooks_), entry);
    }
    entry.duration_ms =
        std::chrono::duration<double, std::milli>(std::chrono::system_clock::now() - began_)
            .count();
    model::Record record = record_head(kInjectId, 0, began_);
    record.verdict = entry.verdict;
    record.scenarios.push_back(std::move(entry));
    return {std::move(record), trials_.interrupted()};
  }

 private:
  // What the command leaves when nothing is failed, twice: what differs then is not its work.
  bool learn(model::ScenarioRecord& entry) {
    const std::string& source = request_.user_files.empty() ? request_.folder : request_.user_files;
    TrialPlan plan = sweep_.plan;
    const std::string folder = plan.world.folder;
    const bool compared = folder != "/" && is_comparable(request_);
    if (compared) {
      plan.collect.push_back({folder, ""});
    } else {
      entry.notes.push_back(fmt::format(
          "{} is large: what the command leaves there is not compared; --check can", source));
    }
    const auto seen = trials_.run({plan, plan});
    for (const auto& one : seen) {
      if (one.end != TrialEnd::kExited || one.signaled || one.exit_code != 0) {
        refuse(plan, one, entry);
        return false;
      }
    }
    model::TreeExpectation expectation;
    expectation.or_error = true;
    if (compared) {
      expectation.trees.push_back(left_by(seen, folder));
      sweep_.plan.collect = plan.collect;
    }
    sweep_.plan.expect.push_back({expectation, ""});
    return true;
  }

  static model::ExpectedTree left_by(const std::vector<Observation>& seen,
                                     const std::string& folder) {
    const auto first = seen[0].trees.find(folder);
    const auto second = seen[1].trees.find(folder);
    const bool both = first != seen[0].trees.end() && second != seen[1].trees.end();
    model::ExpectedTree tree;
    tree.path = folder;
    if (both) {
      tree = left_by_both(first->second, second->second, folder);
    }
    tree.others_allowed = true;  // what a failure is written down in
    return tree;
  }

  void refuse(const TrialPlan& plan, const Observation& seen, model::ScenarioRecord& entry) const {
    show(seen, entry);
    const auto verdict = judge(plan, seen);
    entry.verdict = verdict.kind == VerdictKind::kError ? verdict.kind : VerdictKind::kInconclusive;
    entry.reason = seen.end != TrialEnd::kExited
                       ? "with nothing failed: " + verdict.reason
                       : fmt::format("with nothing failed it ends with {} {} already",
                                     seen.signaled ? "signal" : "exit", seen.exit_code);
  }

  void take(SweepResult result, model::ScenarioRecord& entry) const {
    entry.verdict = result.verdict.kind;
    entry.reason = result.verdict.reason;
    entry.trials = result.trials;
    entry.tree = tree_facts(sweep_.plan, result.seen);
    entry.notes.insert(entry.notes.end(), result.notes.begin(), result.notes.end());
    entry.injection = std::move(result.facts);
    entry.injection->command = command_json(request_);
    show(result.seen, entry);
    if (entry.verdict == VerdictKind::kFail && !entry.injection->failures.empty()) {
      entry.replay = replay_command(entry.injection->failures.front());
    }
  }

  // The one injection that failed first.
  std::string replay_command(const model::InjectionFailure& failure) const {
    if (!request_.record_file.empty()) {
      return "relapse replay " + model::shell_quoted(request_.record_file);
    }
    const auto& settings = request_.settings;
    std::string out = "relapse inject --call " + failure.call +
                      option_text("--" + failure.option, failure.value) +
                      option_text("--path", settings.path) +
                      option_text("--program", settings.program);
    for (const auto& folder : settings.folders) {
      out += option_text("--folder", folder);
    }
    out += failure.nth == 0 ? " --every" : fmt::format(" --nth {}", failure.nth);
    return out + trial_text(request_);
  }

  const InjectRequest& request_;
  CommandTrials trials_;
  SweepRequest sweep_;
  SearchHooks hooks_;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
};

}  // namespace

Result<SessionResult> inject(const InjectRequest& request, const SessionEvents& events) {
  RELAPSE_TRY(check_command(request));
  auto known = check_settings(request.settings, "");
  if (!known) {
    known.error().kind = model::ErrorKind::kUsage;
    return known.error();
  }
  return Injecting(request, events).run();
}

Result<InjectRequest> inject_request_of(const model::ScenarioRecord& entry) {
  InjectRequest request;
  RELAPSE_TRY(read_command(entry.injection->command, "/injection/command", request));
  auto failure = model::first_failure_of(*entry.injection);
  if (!failure) {
    return failure.error();
  }
  if (*failure) {
    request.settings = std::move(**failure);
    return request;
  }
  auto all =
      model::syscall_error_settings_from_json(entry.injection->settings, "/injection/settings");
  if (!all) {
    return all.error();
  }
  request.settings = std::move(*all);
  return request;
}

}  // namespace relapse::run
