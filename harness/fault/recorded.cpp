// The strategies that follow a recorded order: replay, and switches, which reduce varies.

#include <algorithm>
#include <limits>
#include <utility>

#include "fault/strategies.h"
#include "model/drawn_names.h"

namespace relapse::fault {

using model::Divergence;
using model::ScheduleEvent;
using model::SchedulePlan;
using model::ScheduleSwitch;

namespace {

using Ready = std::vector<ScheduleEvent>;

std::vector<ScheduleEvent> without_withdrawn(const std::vector<ScheduleEvent>& events) {
  std::vector<ScheduleEvent> out;
  std::copy_if(events.begin(), events.end(), std::back_inserter(out),
               [](const ScheduleEvent& event) { return !event.withdrawn; });
  return out;
}

class Replay : public Strategy {
 public:
  explicit Replay(const SchedulePlan& plan) : order_(without_withdrawn(plan.order)) {}

  std::optional<size_t> choose(const Ready& ready, bool may_wait) override {
    if (next_ < order_.size()) {
      for (size_t i = 0; i < ready.size(); ++i) {
        if (names_.accept(order_[next_], ready[i])) {
          chosen_at_ = next_;
          return i;
        }
      }
    }
    // Also at the end of the record: what was never let go then stays held until the subject ends.
    if (may_wait) {
      return std::nullopt;
    }
    return resume(ready);
  }

  void made(const ScheduleEvent&) override {
    ++made_;
    next_ = std::max(next_, chosen_at_ + 1);
  }

  std::optional<Divergence> divergence() const override { return divergence_; }
  bool searches() const override { return false; }

 protected:
  // Whether the rest of the record holds it.
  bool is_recorded(const ScheduleEvent& event) const {
    return std::any_of(order_.begin() + static_cast<std::ptrdiff_t>(next_), order_.end(),
                       [&](const ScheduleEvent& step) { return names_.alike(step, event); });
  }

 private:
  // The expected call is not here: goes on with whichever ready call stands next in the record,
  // so that the rest of the order is kept as far as it can be.
  size_t resume(const Ready& ready) {
    // A sleeper that the record knows nothing of is not waited for.
    size_t best = 0;
    while (best + 1 < ready.size() && ready[best].call == kSleep) {
      ++best;
    }
    size_t best_at = order_.size();
    for (size_t i = 0; i < ready.size(); ++i) {
      for (size_t at = next_; at < best_at; ++at) {
        if (names_.alike(order_[at], ready[i])) {
          best = i;
          best_at = at;
        }
      }
    }
    if (!divergence_) {
      std::string expected =
          next_ < order_.size() ? to_text(order_[next_]) : "the end of the record";
      divergence_ = Divergence{made_, expected, to_text(ready[best])};
    }
    // A call that the record does not hold advances nothing.
    chosen_at_ = best_at < order_.size() ? best_at : next_ - 1;
    return best;
  }

  std::vector<ScheduleEvent> order_;
  model::DrawnNames names_;
  size_t next_ = 0;
  size_t chosen_at_ = 0;
  int made_ = 0;
  std::optional<Divergence> divergence_;
};

// The same order with more calls as points: those that the record knows nothing of were no points
// there, and went on when they came.
class Follow : public Replay {
 public:
  using Replay::Replay;

  std::optional<size_t> choose(const Ready& ready, bool may_wait) override {
    for (size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].call != kSleep && !is_recorded(ready[i])) {
        passing_ = true;
        return i;
      }
    }
    passing_ = false;
    return Replay::choose(ready, may_wait);
  }

  void made(const ScheduleEvent& event) override {
    if (!passing_) {
      Replay::made(event);
    }
  }

 private:
  bool passing_ = false;
};

// A switch without `from`: the first time that the turn passes by itself (the beginning, or an
// actor sleeps or ends) and `to` can go on, it is `to`'s. That forces nobody.
class SwitchesInOrder : public Strategy {
 public:
  explicit SwitchesInOrder(const SchedulePlan& plan) {
    for (const auto& entry : plan.switches) {
      if (entry.from.empty()) {
        preferred_ = entry.to;
      } else {
        switches_.push_back(entry);
      }
    }
    auto order = without_withdrawn(plan.order);
    for (size_t i = 0; i < order.size(); ++i) {
      auto& positions = order[i].call == kSleep ? sleeps_ : positions_;
      positions[order[i].actor].push_back(i);
    }
    if (!order.empty()) {
      current_ = order.front().actor;
    }
  }

  std::optional<size_t> choose(const Ready& ready, bool) override {
    if (!begun_ && has_call(ready, preferred_)) {
      current_ = std::exchange(preferred_, "");
    }
    begun_ = true;
    for (auto entry = switches_.begin(); entry != switches_.end(); ++entry) {
      if (entry->from == current_ && entry->after == made_[current_]) {
        current_ = entry->to;
        forced_ = true;
        switches_.erase(entry);
        break;
      }
    }
    // Who sleeps is passed over like all who wait, unless the turn was forced on it.
    for (size_t i = 0; i < ready.size(); ++i) {
      if (ready[i].actor == current_ && (forced_ || ready[i].call != kSleep)) {
        return i;
      }
    }
    if (has_call(ready, preferred_)) {
      return index_of(ready, std::exchange(preferred_, ""));
    }
    // The current actor sleeps or has ended: whose next call came first in the record. Calls that
    // never were made there come last of all, after the sleepers.
    auto next = std::min_element(ready.begin(), ready.end(), [&](const auto& a, const auto& b) {
      return place_of(a) < place_of(b);
    });
    return static_cast<size_t>(next - ready.begin());
  }

  void made(const ScheduleEvent& event) override {
    current_ = event.actor;
    if (event.call == kSleep) {
      ++slept_[event.actor];
      return;
    }
    forced_ = false;
    ++made_[event.actor];
  }
  bool searches() const override { return false; }

 private:
  static size_t index_of(const Ready& ready, const std::string& actor) {
    auto found = std::find_if(ready.begin(), ready.end(), [&](const ScheduleEvent& event) {
      return event.actor == actor && event.call != kSleep;
    });
    return static_cast<size_t>(found - ready.begin());
  }
  static bool has_call(const Ready& ready, const std::string& actor) {
    return index_of(ready, actor) < ready.size();
  }

  size_t place_of(const ScheduleEvent& event) {
    const auto& actor = event.actor;
    return event.call == kSleep ? place(sleeps_[actor], slept_[actor], kNowhere - 1)
                                : place(positions_[actor], made_[actor], kNowhere);
  }
  static size_t place(const std::vector<size_t>& positions, int count, size_t otherwise) {
    auto index = static_cast<size_t>(count);
    return index < positions.size() ? positions[index] : otherwise;
  }

  static constexpr size_t kNowhere = std::numeric_limits<size_t>::max();

  std::vector<ScheduleSwitch> switches_;
  std::map<std::string, std::vector<size_t>> positions_;  // of an actor's calls in the record
  std::map<std::string, std::vector<size_t>> sleeps_;     // where it was waited for
  std::map<std::string, int> made_;
  std::map<std::string, int> slept_;
  std::string current_;
  std::string preferred_;
  bool begun_ = false;
  bool forced_ = false;  // by a switch, since when it has made no call
};

}  // namespace

std::unique_ptr<Strategy> make_replay(const SchedulePlan& plan) {
  return std::make_unique<Replay>(plan);
}

std::unique_ptr<Strategy> make_follow(const SchedulePlan& plan) {
  return std::make_unique<Follow>(plan);
}

std::unique_ptr<Strategy> make_switches(const SchedulePlan& plan) {
  return std::make_unique<SwitchesInOrder>(plan);
}

}  // namespace relapse::fault
