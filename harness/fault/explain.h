#pragma once
// Says why an order of calls fails, by comparing a failing trace with one that passed: names the
// conflicting pair (the same path, or one above the other; at least one of the two changes it)
// whose order or presence differs, and draws it in two columns. Knows nothing of any program.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/schedule.h"

namespace relapse::fault {

// What the scenario calls the work on a path: {"/home/user/.claude", "storages.0"}. Also an
// actor's name, and the path that it works on.
struct ActorHint {
  std::string path;
  std::string name;
};

struct Explanation {
  model::ScheduleEvent cause;   // the change that came at the wrong time
  model::ScheduleEvent effect;  // what met it: fails because of it, or was undone by it
  std::string sentence;
  std::string picture;  // several lines, without a trailing newline
};

// Names for the actors of the traces, by what each works on: a hint where one fits, else its
// program's name and its first path. No two actors share a name, but a fake's replies have its.
std::map<std::string, ActorHint> name_actors(const model::ScheduleTrace& failing,
                                             const model::ScheduleTrace& passing,
                                             const std::vector<ActorHint>& hints);

// Nothing if no conflicting pair tells the two traces apart. Without a passing trace only what
// one actor made and another removed counts: that needs no comparison.
std::optional<Explanation> explain(const model::ScheduleTrace& failing,
                                   const std::optional<model::ScheduleTrace>& passing,
                                   const std::vector<ActorHint>& hints);

}  // namespace relapse::fault
