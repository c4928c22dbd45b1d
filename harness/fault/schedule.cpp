#include "fault/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "fault/hash.h"
#include "fault/strategies.h"

namespace relapse::fault {

using model::Error;
using model::ErrorKind;
using model::PointSet;
using model::Result;
using model::ScheduleEvent;
using model::SchedulePlan;

namespace {

struct NamedStrategy {
  std::string_view name;
  std::unique_ptr<Strategy> (*make)(const SchedulePlan&);
  bool searches = true;
};

// To add a strategy: a class in strategies.cpp, a line here, and, if it is to be tried unasked, a
// line in the rotation.
constexpr NamedStrategy kStrategies[] = {
    {"key", make_key},
    {"event", make_event},
    {"walk", make_walk},
    {"pct", make_pct},
    {"calm", make_calm, false},
    {"free", make_free, false},
    {"replay", make_replay, false},
    {"switches", make_switches, false},
    {"follow", make_follow, false},
};

struct Turn {
  std::string_view strategy;
  int depth;
  PointSet points;
};

// Mutations first: with few points the search is deep. Then the reads, without which a program
// that begins by looking (statx, readlink) is never caught. PCT mostly keeps to the mutations: its
// chance falls with the number of steps to the power of d-1.
constexpr Turn kRotation[] = {
    {"key", 0, PointSet::kMutations},   {"walk", 0, PointSet::kMutations},
    {"event", 0, PointSet::kMutations}, {"pct", 3, PointSet::kMutations},
    {"key", 0, PointSet::kReads},       {"walk", 0, PointSet::kReads},
    {"event", 0, PointSet::kReads},     {"pct", 2, PointSet::kMutations},
    {"key", 0, PointSet::kMutations},   {"pct", 4, PointSet::kMutations},
    {"key", 0, PointSet::kReads},       {"pct", 2, PointSet::kReads},
};

}  // namespace

Result<std::unique_ptr<Strategy>> make_strategy(const SchedulePlan& plan) {
  for (const auto& entry : kStrategies) {
    if (entry.name == plan.strategy) {
      return entry.make(plan);
    }
  }
  return Error{ErrorKind::kScenario, fmt::format("'{}' is not a strategy", plan.strategy),
               fmt::format("one of {}", fmt::join(strategy_names(), ", ")), "", 0};
}

std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const auto& entry : kStrategies) {
    names.emplace_back(entry.name);
  }
  return names;
}

std::vector<std::string> searching_strategies() {
  std::vector<std::string> names = {kPortfolio};
  for (const auto& entry : kStrategies) {
    if (entry.searches) {
      names.emplace_back(entry.name);
    }
  }
  return names;
}

bool may_search(const std::string& strategy) {
  const auto names = searching_strategies();
  return std::find(names.begin(), names.end(), strategy) != names.end();
}

bool offers_sleeps(const std::string& strategy) {
  return may_search(strategy) || strategy == "switches" || strategy == "replay" ||
         strategy == "follow";
}

Result<Scheduler> Scheduler::make(const SchedulePlan& plan) {
  auto strategy = make_strategy(plan);
  if (!strategy) {
    return strategy.error();
  }
  return Scheduler(std::move(*strategy));
}

void Scheduler::number(ScheduleEvent& event) const {
  event.occurrence = 1;
  auto actor = actors_.find(event.actor);
  if (actor != actors_.end()) {
    auto count = actor->second.counts.find(content_of(event));
    event.occurrence += count == actor->second.counts.end() ? 0 : count->second;
  }
}

bool Scheduler::polls(const std::string& actor) const {
  auto found = actors_.find(actor);
  return found != actors_.end() && found->second.repeats >= kRepeatsMax;
}

std::optional<size_t> Scheduler::choose(const std::vector<ScheduleEvent>& ready, bool may_wait) {
  if (!strategy_->searches()) {
    return strategy_->choose(ready, may_wait);
  }
  std::vector<ScheduleEvent> others;
  std::vector<size_t> indexes;
  for (size_t i = 0; i < ready.size(); ++i) {
    if (!polls(ready[i].actor)) {
      others.push_back(ready[i]);
      indexes.push_back(i);
    }
  }
  if (others.empty()) {
    return strategy_->choose(ready, may_wait);
  }
  auto chosen = strategy_->choose(others, may_wait);
  return chosen ? std::optional(indexes[*chosen]) : std::nullopt;
}

void Scheduler::made(const ScheduleEvent& event) {
  Actor& actor = actors_[event.actor];
  std::string content = content_of(event);
  ++actor.counts[content];
  auto known = std::find(actor.recent.begin(), actor.recent.end(), content);
  if (known != actor.recent.end()) {
    ++actor.repeats;
  } else {
    actor.repeats = 0;
    if (actor.recent.size() == kPollCycle) {
      actor.recent.erase(actor.recent.begin());
    }
    actor.recent.push_back(content);
  }
  strategy_->made(event);
}

SchedulePlan Portfolio::plan(int trial) const {
  const Turn& turn = kRotation[static_cast<size_t>(trial) % std::size(kRotation)];
  SchedulePlan plan;
  plan.strategy = turn.strategy;
  plan.seed = hash(seed_, static_cast<std::uint64_t>(trial));
  plan.points = turn.points;
  if (turn.depth > 0) {
    plan.depth = turn.depth;
    auto known = steps_.find(turn.points);
    plan.steps = known == steps_.end() ? kStepsGuess : known->second;
  }
  return plan;
}

void Portfolio::observe(const model::ScheduleTrace& trace) {
  int& steps = steps_[trace.plan.points];
  steps = std::max(steps, static_cast<int>(trace.events.size()));
}

}  // namespace relapse::fault
