#pragma once
// Decides in which order the held file system calls of a subject go on.
//
// The subject runs until each of its threads is held at a scheduling point or asleep. Then, and
// only then, one held call is chosen and let go, and the subject runs to the next such moment.
// An order of choices is a schedule. A choice is a pure function of the plan (strategy, seed,
// parameters) and of the history of choices: no clock, no address, no thread id enters it. Actors
// are named by descent ("0.2": the second child of the first), which is the same in every run.
//
//   key    Every event has the priority hash(seed, call, paths, occurrence); the highest goes
//          first, actors break ties. Neither the number of threads nor their order of arrival
//          enters, so that two runs under one seed agree even if arrivals do not.
//   event  Every event has a random priority of its own, which it keeps while it is held: now and
//          then one call is held back for long while all others pass.
//   walk   Each choice is uniform among the held calls.
//   pct    Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): random priorities
//          of actors, the highest runs until it blocks; at d-1 random steps among the k expected
//          ones, the running actor falls behind all others. With n actors, a bug of depth d is
//          found with probability at least 1/(n·k^(d-1)) a schedule, over the held calls only.
//   calm   The actor that made the last call goes on while it can: the fewest switches. It is no
//          search, but the control: what happens when nothing is done to the subject.
//   free   Every call goes on when it comes; nothing is decided. For injecting errors alone.
//   replay   A recorded order, step by step; says where it could not follow.
//   switches A recorded order with the turn passing only at given places; what `reduce` varies.
//   follow   A recorded order of mutations, with reads as points too, which pass at once: the same
//            order in more detail, for an explanation.
//
// None wins everywhere (a key schedule never finds a race of two symmetric processes that a walk
// finds in every fifth), hence the portfolio, in rotation.
//
// Bounded unfairness: an actor that does nothing but repeat itself is polling for what a held
// actor has yet to do. After kRepeatsMax repetitions it stands back while anybody else can go,
// under every searching strategy; else its time-out would look like the subject's failure.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "model/schedule.h"

namespace relapse::fault {

// Above the longest harmless run of equal calls that must stay explorable in one piece (a file
// written in a few dozen blocks), and small against time-outs: at the 1 ms that pollers sleep,
// 64 repetitions are 64 ms of a time-out of seconds.
inline constexpr int kRepeatsMax = 64;

// A poll is a loop over few calls: open, read, close, stat. Longer cycles do work.
inline constexpr size_t kPollCycle = 4;

// The number of steps that PCT spreads its changes over before any run has told the real one.
inline constexpr int kStepsGuess = 64;

class Strategy {
 public:
  virtual ~Strategy() = default;

  // An index into `ready`, which is sorted by actor and never empty. Nothing: wait for a call
  // that has not come yet; only if `may_wait`.
  virtual std::optional<size_t> choose(const std::vector<model::ScheduleEvent>& ready,
                                       bool may_wait) = 0;
  // `event`, chosen before, has gone on.
  virtual void made(const model::ScheduleEvent& event) = 0;

  virtual std::optional<model::Divergence> divergence() const { return std::nullopt; }
  // A searching strategy may be overruled for fairness; a recorded order may not.
  virtual bool searches() const { return true; }
};

// By the plan's `strategy`; an unknown name is an error that lists the known ones.
model::Result<std::unique_ptr<Strategy>> make_strategy(const model::SchedulePlan& plan);
std::vector<std::string> strategy_names();
// All in rotation, as a strategy's name.
inline constexpr const char* kPortfolio = "portfolio";
// Those that a search may be told to use: the portfolio, and what decides without a record.
std::vector<std::string> searching_strategies();
bool may_search(const std::string& strategy);

// Among what is ready may stand a sleeper's waking, a call of this name: to choose it means that
// all wait until the actor has slept.
inline constexpr const char* kSleep = "sleep";
// Whether the strategy knows what to do with those.
bool offers_sleeps(const std::string& strategy);

// A strategy under bounded unfairness, and the count of who made which call how often.
class Scheduler {
 public:
  static model::Result<Scheduler> make(const model::SchedulePlan& plan);

  // Fills in the occurrence of a call that `event.actor` has come to.
  void number(model::ScheduleEvent& event) const;
  std::optional<size_t> choose(const std::vector<model::ScheduleEvent>& ready, bool may_wait);
  void made(const model::ScheduleEvent& event);
  std::optional<model::Divergence> divergence() const { return strategy_->divergence(); }

 private:
  struct Actor {
    std::map<std::string, int> counts;  // by call and paths
    std::vector<std::string> recent;    // distinct, oldest first, at most kPollCycle
    int repeats = 0;
  };
  explicit Scheduler(std::unique_ptr<Strategy> strategy) : strategy_(std::move(strategy)) {}
  bool polls(const std::string& actor) const;

  std::unique_ptr<Strategy> strategy_;
  std::map<std::string, Actor> actors_;
};

// Which plan the nth trial (from 0) has: the strategies and point sets in rotation.
class Portfolio {
 public:
  explicit Portfolio(std::uint64_t seed) : seed_(seed) {}
  model::SchedulePlan plan(int trial) const;
  // Learns how many steps a run of this subject has, for PCT.
  void observe(const model::ScheduleTrace& trace);

 private:
  std::uint64_t seed_;
  std::map<model::PointSet, int> steps_;
};

}  // namespace relapse::fault
