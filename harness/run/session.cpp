#include "run/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "control/control_cpus.h"
#include "control/path_hints.h"
#include "model/redactor.h"
#include "model/shell.h"
#include "project/project_session.h"
#include "run/calibration_memory.h"
#include "run/judge.h"
#include "run/record_head.h"
#include "run/session_plan.h"
#include "scenario/planner.h"
#include "search/error_sweep.h"
#include "search/schedule_search.h"
#include "trial/supervisor.h"
#include "trial/world_commands.h"

namespace relapse::run {

using model::CalibrationFacts;
using model::ErrorKind;
using model::Observation;
using model::Result;
using model::Scenario;
using model::ScenarioRecord;
using model::TrialEnd;
using model::TrialPlan;
using model::VerdictKind;

namespace {

std::string label_of(const TrialPlan& plan) {
  std::string label = plan.id;
  for (const auto& subject : plan.subjects) {
    label += " · " + subject.label;
  }
  return plan.control_change.empty() ? label : label + " (control)";
}

class Session {
 public:
  Session(const SessionRequest& request, const SessionEvents& events)
      : request_(request),
        events_(events),
        resolver_(request.project, request.given),
        memory_(request.state_folder) {}

  Result<SessionResult> run();

 private:
  std::vector<Observation> run_trials(const std::vector<TrialPlan>& plans);
  void execute();
  void execute_projects();
  void run_controls(const std::vector<size_t>& indexes, std::vector<Observation>& observations);
  void conclude(Entry& entry, const Observation& seen);
  void search(Entry& entry);
  void name_record(ScenarioRecord& record) const;
  template <typename Outcome>
  void take(Entry& entry, Outcome& outcome);
  void apply_calibration();
  CalibrationFacts calibration_of(const Scenario& scenario);
  model::Record make_record() const;
  int interrupted() const;

  const SessionRequest& request_;
  const SessionEvents& events_;
  SubjectResolver resolver_;
  CalibrationMemory memory_;
  std::unique_ptr<Supervisor> supervisor_;
  std::unique_ptr<WorldCommands> commands_;  // of projects
  SessionPlan plan_;
  int trials_begun_ = 0;
  std::chrono::system_clock::time_point began_ = std::chrono::system_clock::now();
};

std::vector<Observation> Session::run_trials(const std::vector<TrialPlan>& plans) {
  const int first = trials_begun_;
  trials_begun_ += static_cast<int>(plans.size());
  events_.expected(static_cast<int>(plans.size()));
  Supervisor::Events events;
  events.started = [&](size_t index) {
    events_.started(first + static_cast<int>(index), label_of(plans[index]));
  };
  events.finished = [&](size_t index, const Observation&) {
    events_.finished(first + static_cast<int>(index));
  };
  events.tick = events_.tick;
  return supervisor_->run(plans, request_.jobs, events);
}

// A hang on evidence is held against the same trial with the suspected cause taken away, and so
// is a grace period: only the difference says what it costs.
void Session::run_controls(const std::vector<size_t>& indexes,
                           std::vector<Observation>& observations) {
  std::vector<TrialPlan> plans;
  std::vector<size_t> owners;
  for (size_t i = 0; i < indexes.size(); ++i) {
    if (!hung_on_evidence(observations[i]) && !stalled_on_input(observations[i])) {
      continue;
    }
    auto control =
        make_control(*plan_.entries[indexes[i]].scenario, *plan_.entries[indexes[i]].plan);
    if (control) {
      plans.push_back(std::move(*control));
      owners.push_back(i);
    }
  }
  auto seen = run_trials(plans);
  for (size_t i = 0; i < plans.size(); ++i) {
    model::ControlFacts facts;
    facts.change = plans[i].control_change;
    facts.duration_ms = seen[i].duration_ms;
    facts.outcome = seen[i].end == TrialEnd::kExited ? "ended"
                    : seen[i].end == TrialEnd::kHang ? "hang"
                                                     : "not run to its end";
    Observation& judged = observations[owners[i]];
    if (stalled_on_input(judged) && facts.outcome == "ended") {
      judged.notes.push_back(
          fmt::format("penalty of {:.1f} s: it took {:.1f} s, and {:.1f} s with {}",
                      std::max(0.0, judged.duration_ms - facts.duration_ms) / 1000,
                      judged.duration_ms / 1000, facts.duration_ms / 1000, facts.change));
    }
    plan_.entries[indexes[owners[i]]].record.control = std::move(facts);
  }
}

void Session::conclude(Entry& entry, const Observation& seen) {
  ScenarioRecord& record = entry.record;
  auto verdict = judge(*entry.plan, seen);
  record.verdict = verdict.kind;
  record.reason = verdict.reason;
  record.duration_ms = seen.duration_ms;
  record.diagnosis = seen.diagnosis;
  record.stalls = seen.stalls;
  record.notes = seen.notes;
  record.output_tail = seen.output_tail;
  record.tree = tree_facts(*entry.plan, seen);
  record.trials.run = 1;
  if (verdict.kind == VerdictKind::kFail) {
    record.trials.failed = 1;
    record.trials.first_failure = 1;
  }
  if (record.control && record.control->outcome == "hang") {
    record.notes.push_back("the control hangs too: the cause named is not the only one");
  }
  // Failing for another reason than the incident's is not catching it.
  const auto& wanted = entry.plan->expected_cause;
  if (wanted && verdict.kind == VerdictKind::kFail &&
      (!seen.diagnosis || seen.diagnosis->cause != *wanted)) {
    record.verdict = VerdictKind::kError;
    record.reason =
        fmt::format("failed, but not by {}: {}", model::to_word(*wanted), verdict.reason);
  }
}

// Of many trials, one after the other, for each depends on how the last one came out.
template <typename Outcome>
void Session::take(Entry& entry, Outcome& outcome) {
  conclude(entry, outcome.seen);
  ScenarioRecord& record = entry.record;
  if (record.verdict != VerdictKind::kError) {
    record.verdict = outcome.verdict.kind;
    record.reason = outcome.verdict.reason;
  }
  record.duration_ms = outcome.duration_ms;
  record.trials = outcome.trials;
  record.notes.insert(record.notes.end(), outcome.notes.begin(), outcome.notes.end());
}

void Session::search(Entry& entry) {
  const int at_once = static_cast<int>(control_cpus().size());
  const SearchHooks hooks{[this](const auto& plans) { return run_trials(plans); }, judge};
  ScenarioRecord& record = entry.record;
  if (entry.plan->syscall_error) {
    const auto& settings = request_.replay_error.value_or(*entry.plan->syscall_error);
    auto result = sweep_errors({*entry.plan, settings, at_once}, hooks);
    take(entry, result);
    record.injection = std::move(result.facts);
    name_record(record);
    return;
  }
  SearchRequest search{*entry.plan, *entry.plan->schedule, request_.seed, {}, at_once};
  search.hints = hints_from_files(entry.plan->world, control_for(search, {}).folders);
  auto result = request_.replay.is_null() ? search_schedules(search, hooks)
                                          : replay_schedule(search, hooks, request_.replay);
  take(entry, result);
  record.schedule = std::move(result.schedule);
  name_record(record);
}

// The very trial that failed, where its record will lie on the disk.
void Session::name_record(ScenarioRecord& record) const {
  if (record.trials.failed > 0 && !request_.record_file.empty()) {
    record.replay =
        fmt::format("relapse replay {} --scenario {}", model::shell_quoted(request_.record_file),
                    model::shell_quoted(record.id + "/" + record.variant));
  }
}

void Session::execute() {
  std::vector<TrialPlan> plans;
  std::vector<size_t> indexes;
  std::vector<size_t> searched;
  for (size_t i = 0; i < plan_.entries.size(); ++i) {
    if (plan_.entries[i].plan &&
        (plan_.entries[i].plan->schedule || plan_.entries[i].plan->syscall_error)) {
      searched.push_back(i);
    } else if (plan_.entries[i].plan) {
      plans.push_back(*plan_.entries[i].plan);
      indexes.push_back(i);
    }
  }
  if (!plans.empty() || !searched.empty()) {
    auto supervisor = Supervisor::start();
    if (!supervisor) {
      indexes.insert(indexes.end(), searched.begin(), searched.end());
      for (size_t index : indexes) {
        auto& record = plan_.entries[index].record;
        record.verdict = supervisor.error().kind == ErrorKind::kUnavailable
                             ? VerdictKind::kInconclusive
                             : VerdictKind::kError;
        record.reason = supervisor.error().text();
      }
    } else {
      supervisor_ = std::move(*supervisor);
      auto observations = run_trials(plans);
      run_controls(indexes, observations);
      for (size_t i = 0; i < indexes.size(); ++i) {
        conclude(plan_.entries[indexes[i]], observations[i]);
      }
      for (size_t index : searched) {
        search(plan_.entries[index]);
      }
    }
  }
  execute_projects();
  apply_calibration();
}

void Session::execute_projects() {
  std::vector<ProjectRequest> requests;
  std::vector<ScenarioRecord*> records;
  for (auto& entry : plan_.entries) {
    if (entry.project) {
      requests.push_back(*entry.project);
      records.push_back(&entry.record);
    }
  }
  if (requests.empty() || interrupted() != 0) {
    return;
  }
  env::RunnerProgress progress;
  progress.expected = events_.expected;
  progress.started = [this](int id, const std::string& label) {
    events_.started(trials_begun_ + id, label);
  };
  progress.finished = [this](int id) { events_.finished(trials_begun_ + id); };
  progress.tick = events_.tick;
  const std::string report = std::filesystem::path(request_.record_file).parent_path();
  const ProjectTools tools{request_.caller, request_.project + "/harness/env/page/page_driver",
                           report.empty() ? "" : report + "/pages"};
  auto runner = WorldCommands::start(progress);
  const auto outcomes = runner ? run_projects(requests, tools, **runner, request_.jobs)
                               : refused_projects(requests, runner.error());
  for (size_t i = 0; i < outcomes.size(); ++i) {
    conclude_project(requests[i], outcomes[i], *records[i]);
  }
  if (runner) {
    commands_ = *std::move(runner);
  }
}

int Session::interrupted() const {
  const int by = supervisor_ ? supervisor_->interrupted() : 0;
  return by == 0 && commands_ ? commands_->interrupted() : by;
}

CalibrationFacts Session::calibration_of(const Scenario& scenario) {
  auto remembered = plan_.remembered.find(scenario.id);
  if (remembered != plan_.remembered.end()) {
    return remembered->second;
  }
  CalibrationFacts facts;
  size_t cases = 0;
  bool well = true;
  for (const auto& entry : plan_.entries) {
    if (entry.scenario != &scenario || !entry.record.specimen) {
      continue;
    }
    ++cases;
    well = well && entry.record.as_it_should();
    auto& word = entry.record.specimen->expected == VerdictKind::kFail ? facts.bad : facts.good;
    // The one that went wrong is the one to show.
    if (word.empty() || !entry.record.as_it_should()) {
      word = model::to_word(entry.record.verdict);
    }
  }
  facts.complete = well && cases == scenario.calibration.size();
  memory_.remember(scenario.id, facts.complete ? proof_key(scenario, resolver_) : "", facts);
  return facts;
}

// A scenario that is not shown able to fail has no green.
void Session::apply_calibration() {
  for (const auto& scenario : plan_.scenarios) {
    const CalibrationFacts facts = calibration_of(scenario);
    for (auto& entry : plan_.entries) {
      if (entry.scenario != &scenario) {
        continue;
      }
      entry.record.calibration = facts;
      if (!request_.again && !entry.record.specimen && !facts.complete &&
          entry.record.verdict == VerdictKind::kPass) {
        entry.record.verdict = VerdictKind::kInconclusive;
        entry.record.reason =
            "the scenario is not calibrated: it has not been shown able to fail "
            "(relapse calibrate " +
            scenario.id + ")";
      }
    }
  }
}

model::Record Session::make_record() const {
  model::Record record =
      record_head(request_.kind == SessionKind::kRun ? "run" : "calibrate", request_.seed, began_);
  record.shard = request_.shard;
  std::optional<VerdictKind> verdict;
  for (const auto& entry : plan_.entries) {
    VerdictKind kind = entry.record.verdict;
    if (entry.record.specimen) {
      // A case that comes out otherwise than it must says that the scenario judges wrongly.
      kind = entry.record.as_it_should()  ? VerdictKind::kPass
             : kind == VerdictKind::kPass ? VerdictKind::kFail
                                          : kind;
    }
    verdict = verdict ? model::worse(*verdict, kind) : kind;
    record.scenarios.push_back(entry.record);
  }
  record.verdict = verdict.value_or(VerdictKind::kInconclusive);
  std::vector<std::string> secrets;
  for (const auto& entry : plan_.entries) {
    if (entry.plan) {
      secrets.insert(secrets.end(), entry.plan->secrets.begin(), entry.plan->secrets.end());
    }
  }
  return model::Redactor(secrets).clean(std::move(record));
}

Result<SessionResult> Session::run() {
  auto plan = plan_session(request_, resolver_, memory_);
  if (!plan) {
    return plan.error();
  }
  plan_ = *std::move(plan);
  execute();
  return SessionResult{make_record(), interrupted()};
}

}  // namespace

Result<SessionResult> run_session(const SessionRequest& request, const SessionEvents& events) {
  return Session(request, events).run();
}

}  // namespace relapse::run
