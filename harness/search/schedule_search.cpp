#include "search/schedule_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "fault/hash.h"
#include "fault/reduce.h"
#include "fault/schedule.h"

namespace relapse::run {

using model::Observation;
using model::Result;
using model::SchedulePlan;
using model::ScheduleTrace;
using model::TrialEnd;
using model::TrialPlan;
using model::Verdict;
using model::VerdictKind;

namespace {

// So many trials without anything to decide say enough: every strategy and both sets of points
// have had their turn.
constexpr int kIdleTrialsMax = 12;

// So many trials at the beginning that cannot be judged say that none will.
constexpr int kUnjudgedMax = 3;

// Replays of a failing order before it is reported, the reduction's own apart.
constexpr int kReplays = 2;

// A reduction's runs are worth about the time that a person waits for an answer.
constexpr double kReductionMs = 20'000;
constexpr int kReductionRunsMin = 4;
constexpr int kReductionRunsMax = 120;

// Where an order could have been another.
bool has_choices(const ScheduleTrace& trace) {
  const auto& first = trace.events.empty() ? std::string() : trace.events.front().actor;
  return std::any_of(trace.events.begin(), trace.events.end(),
                     [&](const auto& event) { return event.actor != first; });
}

bool has_calls(const ScheduleTrace& trace) {
  return std::any_of(trace.events.begin(), trace.events.end(),
                     [](const auto& event) { return event.call != "begin"; });
}

// What stands in the record is what a replay needs: an order is there once.
nlohmann::json trace_json(ScheduleTrace trace) {
  trace.plan.order.clear();
  trace.plan.switches.clear();
  return model::to_json(trace);
}

std::string compare(const ScheduleTrace& again, const ScheduleTrace& recorded) {
  if (again.divergence) {
    return fmt::format("the replay diverged at call {}: {} was due, {} came",
                       again.divergence->at + 1, again.divergence->expected,
                       again.divergence->found);
  }
  if (!model::same_order(again.events, recorded.events)) {
    return fmt::format("the replay diverged: it made {} calls, the record holds {}",
                       again.events.size(), recorded.events.size());
  }
  return fmt::format("replayed: the same {} calls in the same order as recorded",
                     again.events.size());
}

using Clock = std::chrono::steady_clock;

double since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

class Search {
 public:
  Search(const SearchRequest& request, const SearchHooks& hooks)
      : request_(request), hooks_(hooks), portfolio_(request.seed) {}

  SearchResult run() {
    out_.schedule = begin_record();
    while (out_.trials.run < request_.settings.trials && !over_) {
      run_batch();
    }
    if (failing_) {
      analyse();
    } else if (!stopped_) {
      conclude_without_failure();
    }
    for (const auto& [note, count] : notes_) {
      out_.notes.push_back(count == out_.trials.run ? note
                                                    : fmt::format("{} (in {} of {} trials)", note,
                                                                  count, out_.trials.run));
    }
    out_.duration_ms = since(began_);
    return std::move(out_);
  }

 private:
  SchedulePlan schedule(int trial) const {
    const auto& settings = request_.settings;
    SchedulePlan plan = portfolio_.plan(trial);
    if (settings.strategy != fault::kPortfolio) {
      plan.strategy = settings.strategy;
      plan.depth = settings.depth > 0 ? settings.depth : kUsualDepth;
      plan.steps = steps_ > 0 ? steps_ : fault::kStepsGuess;
    }
    plan.points = settings.points.value_or(plan.points);
    return plan;
  }

  TrialPlan trial_plan(const SchedulePlan& schedule, bool predict) const {
    TrialPlan plan = request_.plan;
    plan.call_control = control_for(request_, schedule);
    plan.call_control->predict = predict;
    return plan;
  }

  void run_batch() {
    const int count = std::min(request_.at_once, request_.settings.trials - out_.trials.run);
    std::vector<TrialPlan> plans;
    for (int i = 0; i < count; ++i) {
      plans.push_back(trial_plan(schedule(out_.trials.run + i), false));
    }
    auto observations = hooks_.run(plans);
    for (size_t i = 0; i < observations.size() && !over_; ++i) {
      take(plans[i], std::move(observations[i]));
    }
  }

  void take(const TrialPlan& plan, Observation seen) {
    if (seen.end == TrialEnd::kInterrupted) {
      out_.verdict = {VerdictKind::kInconclusive, "interrupted"};
      stopped_ = over_ = true;
      return;
    }
    ++out_.trials.run;
    const Verdict verdict = hooks_.judge(plan, seen);
    if (seen.trace) {
      portfolio_.observe(*seen.trace);
      steps_ = std::max(steps_, static_cast<int>(seen.trace->events.size()));
      choices_seen_ = choices_seen_ || has_choices(*seen.trace);
      calls_seen_ = calls_seen_ || has_calls(*seen.trace);
      for (const auto& note : seen.trace->notes) {
        ++notes_[note];
      }
    }
    switch (verdict.kind) {
      case VerdictKind::kPass:
        break;
      case VerdictKind::kFail:
        ++out_.trials.failed;
        out_.trials.first_failure = out_.trials.run;
        out_.verdict = verdict;
        failing_ = seen.trace.value_or(ScheduleTrace());
        over_ = true;
        break;
      case VerdictKind::kError:
        out_.verdict = verdict;
        stopped_ = over_ = true;
        break;
      case VerdictKind::kInconclusive:
        ++unjudged_;
        unjudged_reason_ = unjudged_reason_.empty() ? verdict.reason : unjudged_reason_;
        over_ = unjudged_ == out_.trials.run && unjudged_ >= kUnjudgedMax;
        break;
    }
    over_ = over_ || (!choices_seen_ && out_.trials.run >= kIdleTrialsMax);
    out_.seen = std::move(seen);
  }

  void conclude_without_failure() {
    if (unjudged_ > 0) {
      out_.verdict = {VerdictKind::kInconclusive,
                      fmt::format("{} of {} trials could not be judged: {}", unjudged_,
                                  out_.trials.run, unjudged_reason_)};
    } else if (!calls_seen_) {
      out_.verdict = {VerdictKind::kInconclusive,
                      fmt::format("the subject made no call that is a scheduling point in {}",
                                  fmt::join(control_for(request_, {}).folders, ", "))};
    } else {
      out_.verdict = {VerdictKind::kPass, ""};
      if (!choices_seen_) {
        out_.notes.emplace_back("all calls came from one thread: there is no other order");
      }
    }
  }

  Result<fault::Attempt> attempt(const SchedulePlan& plan) {
    const TrialPlan trial = trial_plan(plan, true);
    auto seen = std::move(hooks_.run({trial}).front());
    if (seen.end == TrialEnd::kInterrupted) {
      return model::Error{model::ErrorKind::kSystem, "interrupted"};
    }
    const Verdict verdict = hooks_.judge(trial, seen);
    if (verdict.kind == VerdictKind::kError) {
      return seen.error;
    }
    return fault::Attempt{verdict.kind == VerdictKind::kFail, seen.trace.value_or(ScheduleTrace())};
  }

  // Fails again, in the same order?
  void replay(int& run, int& failed, int& same) {
    for (int i = 0; i < kReplays; ++i) {
      auto again = attempt(fault::replay_plan(*failing_));
      if (!again) {
        return;
      }
      ++run;
      failed += again->failed ? 1 : 0;
      const bool same_order =
          !again->trace.divergence && model::same_order(again->trace.events, failing_->events);
      same += same_order ? 1 : 0;
      if (again->failed && same_order) {
        // The same trace, with what became of each call.
        again->trace.plan = failing_->plan;
        failing_ = std::move(again->trace);
      }
    }
  }

  void analyse() {
    int run = 0;
    int failed = 0;
    int same = 0;
    replay(run, failed, same);
    out_.schedule["trace"] = trace_json(*failing_);
    out_.schedule["replays"] = {{"run", run}, {"failed", failed}, {"same_order", same}};
    if (failed == 0) {
      out_.notes.push_back(fmt::format(
          "it did not fail again in {} replays of the same order: more than the order decides",
          run));
      return;
    }
    const double trial_ms = std::max(out_.seen.duration_ms, 1.0);
    auto reduction = fault::reduce(
        *failing_, [this](const SchedulePlan& plan) { return attempt(plan); },
        std::clamp(static_cast<int>(kReductionMs / trial_ms), kReductionRunsMin,
                   kReductionRunsMax));
    if (!reduction) {
      out_.notes.push_back("not reduced: " + reduction.error().text());
      return;
    }
    tell(*reduction);
  }

  // The trace again with the reads in it; nothing if it then came out otherwise.
  std::optional<ScheduleTrace> in_detail(const ScheduleTrace& trace, bool fails) {
    auto seen = attempt(fault::detail_plan(trace));
    if (!seen || seen->failed != fails || seen->trace.divergence) {
      return std::nullopt;
    }
    return std::move(seen->trace);
  }

  // Who looked at what, and when, is half of most stories; where only mutations were points, the
  // two traces do not hold it.
  std::optional<fault::Explanation> explain(const fault::Reduction& reduction) {
    if (reduction.failing.plan.points == model::PointSet::kMutations) {
      auto failing = in_detail(reduction.failing, true);
      auto passing = failing && reduction.passing ? in_detail(*reduction.passing, false)
                                                  : std::optional<ScheduleTrace>();
      if (failing && passing.has_value() == reduction.passing.has_value()) {
        if (auto told = fault::explain(*failing, passing, request_.hints)) {
          return told;
        }
      }
    }
    return fault::explain(reduction.failing, reduction.passing, request_.hints);
  }

  void tell(const fault::Reduction& reduction) {
    const auto explanation = explain(reduction);
    out_.schedule["reduced"] = {
        {"switches", fault::count_forced(reduction.failing)},
        {"of", model::count_switches(failing_->events)},
        {"complete", reduction.complete},
        {"runs", reduction.runs},
        {"trace", trace_json(reduction.failing)},
    };
    if (explanation) {
      out_.schedule["explanation"] = {{"sentence", explanation->sentence},
                                      {"picture", explanation->picture},
                                      {"cause", model::to_text(explanation->cause)},
                                      {"effect", model::to_text(explanation->effect)}};
    }
  }

  // What a replay has to know of the search. The folders stand as they were in effect.
  nlohmann::json begin_record() const {
    model::ScheduleSettings settings = request_.settings;
    settings.folders = control_for(request_, {}).folders;
    return {{"settings", model::to_json(settings)}, {"seed", request_.seed}};
  }

  static constexpr int kUsualDepth = 3;

  const SearchRequest& request_;
  const SearchHooks& hooks_;
  fault::Portfolio portfolio_;
  Clock::time_point began_ = Clock::now();
  SearchResult out_;
  bool over_ = false;
  bool stopped_ = false;  // by an error, or by the user
  bool choices_seen_ = false;
  bool calls_seen_ = false;
  int steps_ = 0;
  int unjudged_ = 0;
  std::string unjudged_reason_;
  std::optional<ScheduleTrace> failing_;
  std::map<std::string, int> notes_;
};

}  // namespace

model::CallControl control_for(const SearchRequest& request, const SchedulePlan& schedule) {
  model::CallControl control;
  control.schedule = schedule;
  control.calls = request.settings.calls;
  control.folders = request.settings.folders;
  control.replies = request.settings.replies;
  if (control.folders.empty()) {
    const auto& world = request.plan.world;
    control.folders = {world.folder};
    if (world.home != world.folder) {
      control.folders.push_back(world.home);
    }
  }
  return control;
}

SearchResult search_schedules(const SearchRequest& request, const SearchHooks& hooks) {
  return Search(request, hooks).run();
}

SearchResult replay_schedule(const SearchRequest& request, const SearchHooks& hooks,
                             const nlohmann::json& recorded) {
  SearchResult out;
  out.schedule = recorded;
  auto found = recorded.find("trace");
  auto trace = found != recorded.end()
                   ? model::trace_from_json(*found)
                   : Result<ScheduleTrace>(model::Error{model::ErrorKind::kUsage,
                                                        "the record holds no failing schedule"});
  if (!trace) {
    out.verdict = {VerdictKind::kError, trace.error().text()};
    return out;
  }
  TrialPlan plan = request.plan;
  plan.call_control = control_for(request, fault::replay_plan(*trace));
  const auto began = Clock::now();
  out.seen = std::move(hooks.run({plan}).front());
  out.duration_ms = since(began);
  out.verdict = hooks.judge(plan, out.seen);
  out.trials.run = 1;
  out.schedule["replayed"] = true;
  if (out.verdict.kind == VerdictKind::kFail) {
    out.trials.failed = 1;
    out.trials.first_failure = 1;
  } else {
    // They tell of a failure.
    for (const char* part : {"explanation", "reduced", "replays"}) {
      out.schedule.erase(part);
    }
  }
  if (out.seen.trace) {
    out.notes.push_back(compare(*out.seen.trace, *trace));
  }
  return out;
}

}  // namespace relapse::run
