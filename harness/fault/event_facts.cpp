#include "fault/event_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace relapse::fault {

using model::ResultSource;
using model::ScheduleEvent;

namespace {

struct Verb {
  std::string_view call;
  std::string_view past;
  bool makes;
  bool removes;
};
constexpr std::array kVerbs = {
    Verb{"mkdir", "made", true, false},
    Verb{"open-create", "created", true, false},
    Verb{"symlink", "linked", true, false},
    Verb{"link", "linked", true, false},
    Verb{"rename", "renamed", true, true},
    Verb{"unlink", "removed", false, true},
    Verb{"rmdir", "removed", false, true},
    Verb{"truncate", "cut", false, false},
    Verb{"write", "wrote to", false, false},
    Verb{"sendfile", "copied", false, false},
    Verb{"chmod", "changed the mode of", false, false},
    Verb{"read", "read", false, false},
    Verb{"open", "opened", false, false},
    Verb{"readlink", "followed", false, false},
    Verb{"stat", "looked at", false, false},
    Verb{"access", "looked at", false, false},
    Verb{"getdents", "listed", false, false},
    Verb{"lseek", "moved in", false, false},
};

const Verb* verb_of(const ScheduleEvent& event) {
  const auto* found = std::find_if(kVerbs.begin(), kVerbs.end(),
                                   [&](const Verb& verb) { return verb.call == event.call; });
  return found == kVerbs.end() ? nullptr : found;
}
bool above(const std::string& folder, const std::string& path) {
  return path.size() > folder.size() && path.compare(0, folder.size(), folder) == 0 &&
         path[folder.size()] == '/';
}

}  // namespace

std::string fake_of(const ScheduleEvent& reply) {
  return reply.actor.substr(0, reply.actor.find(' '));
}
std::string past(const ScheduleEvent& event) {
  if (event.is_reply()) {
    return event.call == model::kCutCall ? "cut off" : "answered";
  }
  const Verb* verb = verb_of(event);
  return verb == nullptr ? fmt::format("called {} on", event.call) : std::string(verb->past);
}
bool makes(const ScheduleEvent& event) {
  const Verb* verb = verb_of(event);
  return verb != nullptr && verb->makes;
}
bool removes(const ScheduleEvent& event) {
  const Verb* verb = verb_of(event);
  return verb != nullptr && verb->removes;
}
bool changes(const ScheduleEvent& event) {
  return makes(event) || removes(event) || event.call == "truncate" || event.call == "write" ||
         event.call == "sendfile" || event.call == "chmod";
}

bool looks_into(const ScheduleEvent& event) {
  return event.call == "read" || event.call == "open";
}
bool writes_into(const ScheduleEvent& event) {
  return event.call == "write" || event.call == "sendfile" || event.call == "truncate" ||
         event.call == "open-create";
}

bool known(const ScheduleEvent& event) {
  return event.source != ResultSource::kUnknown;
}
bool succeeded(const ScheduleEvent& event) {
  return !event.withdrawn && (!known(event) || event.error == 0);
}

bool related(const ScheduleEvent& a, const ScheduleEvent& b) {
  for (const auto& x : a.paths) {
    for (const auto& y : b.paths) {
      if (x == y || above(x, y) || above(y, x)) {
        return true;
      }
    }
  }
  return false;
}

bool reaches(const ScheduleEvent& event, const ScheduleEvent& other) {
  return std::any_of(event.paths.begin(), event.paths.end(), [&](const std::string& path) {
    return std::any_of(other.paths.begin(), other.paths.end(), [&](const std::string& theirs) {
      return path == theirs || above(path, theirs);
    });
  });
}

bool conflict(const ScheduleEvent& a, const ScheduleEvent& b) {
  return a.actor != b.actor && !a.withdrawn && !b.withdrawn && related(a, b) &&
         (changes(a) || changes(b));
}

bool asks_what_it_is(const ScheduleEvent& event) {
  return (event.call == "unlink" && event.error == EISDIR) ||
         (event.call == "rmdir" && event.error == ENOTDIR);
}

std::optional<size_t> find_step(const Events& events, const ScheduleEvent& step) {
  for (size_t i = 0; i < events.size(); ++i) {
    if (!events[i].withdrawn && events[i].same_step(step)) {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace relapse::fault
