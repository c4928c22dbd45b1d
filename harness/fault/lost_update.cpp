#include "fault/lost_update.h"

#include <algorithm>

namespace relapse::fault {

using model::ScheduleEvent;

namespace {

// "0.2" of "0.2.1" and "0.2.3": whom both descend from.
std::string common_ancestor(const std::string& a, const std::string& b) {
  size_t end = 0;
  for (size_t i = 0;; ++i) {
    const bool over_a = i == a.size() || a[i] == '.';
    const bool over_b = i == b.size() || b[i] == '.';
    if (over_a && over_b) {
      end = i;
    }
    if (i == a.size() || i == b.size() || a[i] != b[i]) {
      return a.substr(0, end);
    }
  }
}

bool descends(const std::string& actor, const std::string& ancestor) {
  return actor.starts_with(ancestor) &&
         (actor.size() == ancestor.size() || actor[ancestor.size()] == '.');
}

bool same_file(const ScheduleEvent& a, const ScheduleEvent& b) {
  return !a.paths.empty() && a.paths == b.paths;
}

bool reads(const ScheduleEvent& event) {
  return looks_into(event) && !event.withdrawn;
}
bool writes(const ScheduleEvent& event) {
  return writes_into(event) && succeeded(event);
}

// One's own two calls, and not a third one's between them.
bool of_one_story(const ScheduleEvent& first, const ScheduleEvent& between,
                  const ScheduleEvent& second) {
  if (first.actor == second.actor) {
    return between.actor != first.actor;
  }
  const std::string family = common_ancestor(first.actor, second.actor);
  // The ancestor of all is everybody's.
  return family.find('.') != std::string::npos && !descends(between.actor, family);
}

bool has_too(const Events& passing, const Events& failing, const TornPair& found) {
  auto first = find_step(passing, failing[found.first]);
  auto between = find_step(passing, failing[found.between]);
  auto second = find_step(passing, failing[found.second]);
  return first && between && second && *first < *between && *between < *second;
}

using Fits = bool (*)(const ScheduleEvent&);

class Finder {
 public:
  Finder(const Events& failing, const Events* passing, Fits first, Fits second)
      : failing_(failing), passing_(passing), first_(first), second_(second) {}

  std::optional<TornPair> find() const {
    for (size_t second = 0; second < failing_.size(); ++second) {
      for (size_t between = second; between-- > 0 && second_(failing_[second]);) {
        if (!writes(failing_[between]) || !same_file(failing_[between], failing_[second])) {
          continue;
        }
        auto first = first_of(between, second);
        if (first && !renewed(between, second)) {
          return TornPair{*first, between, second};
        }
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<size_t> first_of(size_t between, size_t second) const {
    for (size_t first = between; first-- > 0;) {
      const TornPair found{first, between, second};
      if (first_(failing_[first]) && same_file(failing_[first], failing_[between]) &&
          of_one_story(failing_[first], failing_[between], failing_[second]) &&
          (passing_ == nullptr || !has_too(*passing_, failing_, found))) {
        return first;
      }
    }
    return std::nullopt;
  }

  // Who reads again after the other's write builds on that write.
  bool renewed(size_t between, size_t second) const {
    for (size_t i = between + 1; i < second; ++i) {
      if (first_(failing_[i]) && same_file(failing_[i], failing_[second]) &&
          of_one_story(failing_[i], failing_[between], failing_[second])) {
        return true;
      }
    }
    return false;
  }

  const Events& failing_;
  const Events* passing_;
  Fits first_;
  Fits second_;
};

}  // namespace

std::optional<TornPair> find_lost_update(const Events& failing, const Events* passing) {
  return Finder(failing, passing, reads, writes).find();
}

std::optional<TornPair> find_overwritten(const Events& failing, const Events* passing) {
  return Finder(failing, passing, writes, reads).find();
}

}  // namespace relapse::fault
