#include "fault/strategies.h"

#include <algorithm>
#include <set>

#include "fault/hash.h"

namespace relapse::fault {

using model::ScheduleEvent;
using model::SchedulePlan;

namespace {

using Ready = std::vector<ScheduleEvent>;

// The index of the greatest; the first of equals, which is the actor that sorts first.
template <typename Priority>
size_t highest(const Ready& ready, Priority priority) {
  size_t best = 0;
  auto best_priority = priority(ready[0]);
  for (size_t i = 1; i < ready.size(); ++i) {
    auto candidate = priority(ready[i]);
    if (candidate > best_priority) {
      best = i;
      best_priority = candidate;
    }
  }
  return best;
}

class Key : public Strategy {
 public:
  explicit Key(const SchedulePlan& plan) : seed_(plan.seed) {}
  std::optional<size_t> choose(const Ready& ready, bool) override {
    return highest(ready, [&](const ScheduleEvent& event) {
      std::uint64_t content = hash(seed_, content_of(event));
      return std::pair(hash(content, static_cast<std::uint64_t>(event.occurrence)),
                       hash(seed_, event.actor));
    });
  }
  void made(const ScheduleEvent&) override {}

 private:
  std::uint64_t seed_;
};

class Event : public Strategy {
 public:
  explicit Event(const SchedulePlan& plan) : seed_(plan.seed) {}
  std::optional<size_t> choose(const Ready& ready, bool) override {
    return highest(ready, [&](const ScheduleEvent& event) {
      return hash(hash(seed_, event.actor), made_[event.actor]);
    });
  }
  void made(const ScheduleEvent& event) override { ++made_[event.actor]; }

 private:
  std::uint64_t seed_;
  std::map<std::string, std::uint64_t> made_;
};

class Walk : public Strategy {
 public:
  explicit Walk(const SchedulePlan& plan) : seed_(plan.seed) {}
  std::optional<size_t> choose(const Ready& ready, bool) override {
    return hash(seed_, step_) % ready.size();
  }
  void made(const ScheduleEvent&) override { ++step_; }

 private:
  std::uint64_t seed_;
  std::uint64_t step_ = 0;
};

class Pct : public Strategy {
 public:
  explicit Pct(const SchedulePlan& plan) : seed_(plan.seed) {
    auto steps = static_cast<std::uint64_t>(std::max(plan.steps, 1));
    auto wanted = static_cast<size_t>(std::max(plan.depth, 1) - 1);
    for (std::uint64_t i = 0; changes_.size() < std::min<std::uint64_t>(wanted, steps); ++i) {
      changes_.insert(hash(hash(seed_, "change"), i) % steps);
    }
  }

  std::optional<size_t> choose(const Ready& ready, bool) override {
    auto priority = [&](const ScheduleEvent& event) { return priority_of(event.actor); };
    size_t best = highest(ready, priority);
    if (changes_.erase(step_) != 0) {
      // Lower than every actor that has not fallen yet, and than those that fell before.
      fallen_[ready[best].actor] = -static_cast<std::int64_t>(++falls_);
      best = highest(ready, priority);
    }
    return best;
  }
  void made(const ScheduleEvent&) override { ++step_; }

 private:
  std::int64_t priority_of(const std::string& actor) const {
    auto fallen = fallen_.find(actor);
    return fallen != fallen_.end() ? fallen->second
                                   : static_cast<std::int64_t>(hash(seed_, actor) >> 1);
  }

  std::uint64_t seed_;
  std::uint64_t step_ = 0;
  std::uint64_t falls_ = 0;
  std::set<std::uint64_t> changes_;
  std::map<std::string, std::int64_t> fallen_;
};

class Calm : public Strategy {
 public:
  std::optional<size_t> choose(const Ready& ready, bool) override {
    for (size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].actor == current_) {
        return i;
      }
    }
    return 0;
  }
  void made(const ScheduleEvent& event) override { current_ = event.actor; }

 private:
  std::string current_;
};

class Free : public Strategy {
 public:
  std::optional<size_t> choose(const Ready&, bool) override { return 0; }
  void made(const ScheduleEvent&) override {}
  bool searches() const override { return false; }
};

}  // namespace

std::string content_of(const ScheduleEvent& event) {
  std::string text = event.call;
  for (const auto& path : event.paths) {
    text += '\0';  // no path holds one, so that two paths never read as one
    text += path;
  }
  return text;
}

std::unique_ptr<Strategy> make_key(const SchedulePlan& plan) {
  return std::make_unique<Key>(plan);
}
std::unique_ptr<Strategy> make_event(const SchedulePlan& plan) {
  return std::make_unique<Event>(plan);
}
std::unique_ptr<Strategy> make_walk(const SchedulePlan& plan) {
  return std::make_unique<Walk>(plan);
}
std::unique_ptr<Strategy> make_pct(const SchedulePlan& plan) {
  return std::make_unique<Pct>(plan);
}
std::unique_ptr<Strategy> make_calm(const SchedulePlan&) {
  return std::make_unique<Calm>();
}
std::unique_ptr<Strategy> make_free(const SchedulePlan&) {
  return std::make_unique<Free>();
}

}  // namespace relapse::fault
