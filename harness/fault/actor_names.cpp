// Which actor is which: by what it works on, not by a thread's number.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "fault/event_facts.h"
#include "fault/explain.h"

namespace relapse::fault {

using model::ScheduleEvent;
using model::ScheduleTrace;

namespace {

// Against the share of its calls that fit (at most 1): an actor's first call, for a worker begins
// with its own folder, and only later may touch another's; and the deeper of two paths that fit
// alike (paths are shorter than 4096), for it says more.
constexpr double kFirstCallWeight = 0.1;
constexpr double kDepthWeight = 0.00001;

using EventsByActor = std::map<std::string, std::vector<const ScheduleEvent*>>;

void collect(const ScheduleTrace& trace, EventsByActor& out) {
  for (const auto& event : trace.events) {
    auto& events = out[event.actor];  // an actor without paths gets a name too
    if (!event.paths.empty()) {
      events.push_back(&event);
    }
  }
}

bool within(const std::string& path, const std::string& folder) {
  return path.compare(0, folder.size(), folder) == 0 &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

// A folder above is on the way to the work, unless it is taken away.
bool on_the_way(const ScheduleEvent& event, const std::string& path) {
  return within(path, event.paths[0]) && event.call != "rmdir" && event.call != "unlink" &&
         event.call != "rename";
}

// One who works on what no hint covers together is no hint's actor: a thread that a runtime gives
// now this work and now that.
bool fits_all(const std::vector<const ScheduleEvent*>& events, const ActorHint& hint,
              const std::vector<ActorHint>& hints) {
  return std::all_of(events.begin(), events.end(), [&](const ScheduleEvent* event) {
    const auto& path = event->paths[0];
    return within(path, hint.path) || on_the_way(*event, hint.path) ||
           std::none_of(hints.begin(), hints.end(),
                        [&](const ActorHint& other) { return within(path, other.path); });
  });
}

// Work on a hint's path is all below it. Who works on several hints' paths works on the one above
// them all.
double fitness(const std::vector<const ScheduleEvent*>& events, const ActorHint& hint) {
  auto below = std::count_if(events.begin(), events.end(), [&](const ScheduleEvent* event) {
    return within(event->paths[0], hint.path);
  });
  if (below == 0) {
    return 0;
  }
  auto fitting = std::count_if(events.begin(), events.end(), [&](const ScheduleEvent* event) {
    return within(event->paths[0], hint.path) || on_the_way(*event, hint.path);
  });
  double score = static_cast<double>(fitting) / static_cast<double>(events.size());
  return score + (events[0]->paths[0] == hint.path ? kFirstCallWeight : 0) +
         kDepthWeight * static_cast<double>(hint.path.size());
}

// The best pair of actor and hint first; each of both is used once.
std::map<std::string, ActorHint> assign(const EventsByActor& actors,
                                        const std::vector<ActorHint>& hints) {
  std::vector<std::tuple<double, std::string, const ActorHint*>> pairs;
  for (const auto& [actor, events] : actors) {
    for (const auto& hint : hints) {
      double score = fitness(events, hint);
      if (score > 0 && fits_all(events, hint, hints)) {
        pairs.emplace_back(-score, actor, &hint);
      }
    }
  }
  std::sort(pairs.begin(), pairs.end(), [](const auto& a, const auto& b) {
    return std::tie(std::get<0>(a), std::get<1>(a), std::get<2>(a)->name) <
           std::tie(std::get<0>(b), std::get<1>(b), std::get<2>(b)->name);
  });
  std::map<std::string, ActorHint> names;
  std::set<const ActorHint*> used;
  for (const auto& [score, actor, hint] : pairs) {
    if (names.count(actor) == 0 && used.insert(hint).second) {
      names[actor] = *hint;
    }
  }
  return names;
}

}  // namespace

std::map<std::string, ActorHint> name_actors(const ScheduleTrace& failing,
                                             const ScheduleTrace& passing,
                                             const std::vector<ActorHint>& hints) {
  EventsByActor actors;
  collect(failing, actors);
  collect(passing, actors);
  auto names = assign(actors, hints);
  std::set<std::string> taken;
  for (const auto& [actor, hint] : names) {
    taken.insert(hint.name);
  }
  for (const auto& [actor, events] : actors) {
    if (names.count(actor) != 0) {
      continue;
    }
    auto program = failing.programs.find(actor);
    std::string base = program == failing.programs.end() ? "actor" : program->second;
    if (!events.empty() && events[0]->is_reply()) {
      names[actor] = {"", fake_of(*events[0])};
      continue;
    }
    std::string name = base;
    for (int i = 2; !taken.insert(name).second; ++i) {
      name = fmt::format("{} #{}", base, i);
    }
    // What it changes first is its work; what it looks at first may be anything.
    auto work = std::find_if(events.begin(), events.end(),
                             [](const ScheduleEvent* event) { return changes(*event); });
    const auto* told = work != events.end() ? *work : events.empty() ? nullptr : events[0];
    names[actor] = {told == nullptr ? "" : told->paths[0], name};
  }
  return names;
}

}  // namespace relapse::fault
