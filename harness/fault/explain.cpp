#include "fault/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace relapse::fault {

using model::ResultSource;
using model::ScheduleEvent;
using model::ScheduleTrace;

namespace {

using Events = std::vector<ScheduleEvent>;

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
std::string past(const ScheduleEvent& event) {
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
// What may change what another actor finds.
bool changes(const ScheduleEvent& event) {
  return makes(event) || removes(event) || event.call == "truncate" || event.call == "write" ||
         event.call == "sendfile" || event.call == "chmod";
}

bool known(const ScheduleEvent& event) {
  return event.source != ResultSource::kUnknown;
}
bool succeeded(const ScheduleEvent& event) {
  return !event.withdrawn && (!known(event) || event.error == 0);
}

bool above(const std::string& folder, const std::string& path) {
  return path.size() > folder.size() && path.compare(0, folder.size(), folder) == 0 &&
         path[folder.size()] == '/';
}

// The same path, or one above the other.
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

bool conflict(const ScheduleEvent& a, const ScheduleEvent& b) {
  return a.actor != b.actor && !a.withdrawn && !b.withdrawn && related(a, b) &&
         (changes(a) || changes(b));
}

std::optional<size_t> find_step(const Events& events, const ScheduleEvent& step) {
  for (size_t i = 0; i < events.size(); ++i) {
    if (!events[i].withdrawn && events[i].same_step(step)) {
      return i;
    }
  }
  return std::nullopt;
}

struct Pair {
  size_t cause;
  size_t effect;
  std::optional<size_t> from = std::nullopt;  // where the story begins, if before both
};

// The last change by somebody else, before `effect`, to what it works on: an exact path rather
// than one above or below, if there is one.
std::optional<size_t> last_change_before(const Events& events, size_t effect) {
  std::optional<size_t> near;
  for (size_t i = effect; i-- > 0;) {
    if (!conflict(events[i], events[effect]) || !changes(events[i]) || !succeeded(events[i])) {
      continue;
    }
    if (events[i].paths == events[effect].paths) {
      return i;
    }
    near = near ? near : i;
  }
  return near;
}

// The path that a pair is about: of the effect if it stands below, for it is the nearer one.
const std::string& subject_path(const ScheduleEvent& cause, const ScheduleEvent& effect) {
  for (const auto& path : effect.paths) {
    for (const auto& other : cause.paths) {
      if (path == other) {
        return path;
      }
    }
  }
  return cause.paths[0];
}

// The last time before `before` that the effect's actor made what the pair is about.
std::optional<size_t> making(const Events& events, const Pair& pair, size_t before) {
  const auto& path = subject_path(events[pair.cause], events[pair.effect]);
  for (size_t i = before; i-- > 0;) {
    if (events[i].actor == events[pair.effect].actor && makes(events[i]) && succeeded(events[i]) &&
        events[i].paths.back() == path) {
      return i;
    }
  }
  return std::nullopt;
}

// The change alone says why the call fails, whatever its place in the other trace: what came in
// between there and not here is told by the calls before.
bool accounts_for(const ScheduleEvent& cause, const ScheduleEvent& effect) {
  return cause.paths == effect.paths &&
         ((effect.error == EEXIST && makes(cause)) || (effect.error == ENOENT && removes(cause)));
}

// The actor has made the same call again later, and it went well: the failure did not matter.
bool recovered(const Events& events, size_t failure) {
  return std::any_of(events.begin() + static_cast<std::ptrdiff_t>(failure) + 1, events.end(),
                     [&](const ScheduleEvent& event) {
                       return event.actor == events[failure].actor &&
                              event.same_call(events[failure]) && succeeded(event);
                     });
}

// A call that fails here and not so there, and the change that made the difference. The change
// must itself have moved: a failure that it precedes in both traces is not its doing.
std::optional<Pair> by_result(const Events& failing, const Events& passing, size_t from) {
  for (size_t i = from; i < failing.size(); ++i) {
    if (!known(failing[i]) || failing[i].error == 0 || failing[i].withdrawn) {
      continue;
    }
    if (recovered(failing, i)) {
      continue;
    }
    auto there = find_step(passing, failing[i]);
    // A readlink of a folder "fails" with EINVAL where all is well: what counts is the change.
    if (!there || !known(passing[*there]) || passing[*there].error == failing[i].error) {
      continue;
    }
    auto cause = last_change_before(failing, i);
    if (!cause) {
      continue;
    }
    auto cause_there = find_step(passing, failing[*cause]);
    if (accounts_for(failing[*cause], failing[i]) || !cause_there || *cause_there > *there ||
        !succeeded(passing[*cause_there])) {
      return Pair{*cause, i};
    }
  }
  return std::nullopt;
}

// A failure may be taken in one's stride (an unlink before a creation): of an actor's failing
// calls about one path, the last one is what it stumbled over.
std::optional<Pair> last_failure(const Events& failing, const Events& passing) {
  auto pair = by_result(failing, passing, 0);
  auto next = pair;
  while (next) {
    if (failing[next->effect].actor == failing[pair->effect].actor &&
        failing[next->effect].paths == failing[pair->effect].paths) {
      next->from = std::min(pair->cause, pair->effect);
      next->from = std::min(*next->from, pair->from.value_or(*next->from));
      pair = next;
    }
    next = by_result(failing, passing, next->effect + 1);
  }
  return pair;
}

// Without a passing trace: a call that fails because what its actor had made is gone.
std::optional<Pair> by_undoing(const Events& failing) {
  for (size_t i = 0; i < failing.size(); ++i) {
    if (!known(failing[i]) || failing[i].error != ENOENT || failing[i].withdrawn) {
      continue;
    }
    auto cause = last_change_before(failing, i);
    if (cause && removes(failing[*cause]) && making(failing, {*cause, i}, *cause)) {
      return Pair{*cause, i};
    }
  }
  return std::nullopt;
}

// No call fails: what was made is removed later here, and was not there. Of many such pairs that
// over one and the same path, and the longest path, for it says most; the last of equals. Else any
// two calls in conflict whose order changed.
enum class Search { kUndoneSamePath, kUndone, kReordered };

bool undoes(const ScheduleEvent& late, const ScheduleEvent& early) {
  return removes(late) && changes(early) && succeeded(early) && succeeded(late);
}

// Whether the order of the two tells the traces apart. Without a passing trace an undoing does.
bool tells_apart(const Events& failing, const Events* passing, size_t early, size_t late) {
  bool undone = undoes(failing[late], failing[early]);
  if (passing == nullptr) {
    return undone;
  }
  auto early_there = find_step(*passing, failing[early]);
  auto late_there = find_step(*passing, failing[late]);
  bool flipped = early_there && late_there && *late_there < *early_there;
  return flipped || (undone && early_there && !late_there);
}

std::optional<Pair> by_order(const Events& failing, const Events* passing, Search search) {
  std::optional<Pair> best;
  size_t best_length = 0;
  for (size_t late = failing.size(); late-- > 0;) {
    for (size_t early = late; early-- > 0;) {
      bool undone = undoes(failing[late], failing[early]);
      if (!conflict(failing[early], failing[late]) || (search != Search::kReordered && !undone) ||
          (search == Search::kUndoneSamePath && failing[early].paths != failing[late].paths)) {
        continue;
      }
      size_t length = failing[early].paths.back().size();
      if (length > best_length && tells_apart(failing, passing, early, late)) {
        best = undone ? Pair{late, early} : Pair{early, late};
        best_length = length;
      }
    }
  }
  return best;
}

std::string errno_name(int error) {
  const char* name = ::strerrorname_np(error);
  return name == nullptr ? fmt::format("errno {}", error) : name;
}

std::string result_text(const ScheduleEvent& event) {
  if (event.withdrawn) {
    return "(gone)";
  }
  if (!known(event)) {
    return "";
  }
  return event.error == 0 ? "ok" : errno_name(event.error);
}

// "…/skills/school": what tells paths apart is at their end.
std::string shortened(const std::string& path) {
  constexpr int kPartsShown = 2;
  size_t from = path.size();
  for (int i = 0; i < kPartsShown && from != std::string::npos && from > 0; ++i) {
    from = path.rfind('/', from - 1);
  }
  return from == std::string::npos || from == 0 ? path : "…" + path.substr(from);
}

size_t width_of(const std::string& text) {  // in characters: every non-continuation byte
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}
std::string padded(const std::string& text, size_t width) {
  size_t have = width_of(text);
  return have >= width ? text : text + std::string(width - have, ' ');
}

class Picture {
 public:
  Picture(const Events& events, const Pair& pair, const std::map<std::string, ActorHint>& names)
      : events_(events), pair_(pair), names_(names) {}

  // `from`: the first event worth showing.
  std::string draw(size_t from) const {
    const auto& cause = events_[pair_.cause];
    const auto& effect = events_[pair_.effect];
    std::vector<std::array<std::string, 2>> rows;
    rows.push_back({heading(cause.actor), heading(effect.actor)});
    size_t to = std::max(pair_.cause, pair_.effect);
    for (size_t i = from; i <= to; ++i) {
      bool left = events_[i].actor == cause.actor;
      if ((!left && events_[i].actor != effect.actor) || !worth_showing(i)) {
        continue;
      }
      std::string cell = cell_of(events_[i]) + (i == pair_.cause ? "  ←" : "");
      rows.push_back(left ? std::array<std::string, 2>{cell, ""}
                          : std::array<std::string, 2>{"", cell});
    }
    size_t width = 0;
    for (const auto& row : rows) {
      width = std::max(width, width_of(row[0]));
    }
    std::string out;
    for (const auto& row : rows) {
      std::string line = row[1].empty() ? row[0] : padded(row[0], width + kGap) + row[1];
      out += (out.empty() ? "" : "\n") + line;
    }
    return out;
  }

 private:
  static constexpr size_t kGap = 4;

  bool worth_showing(size_t i) const {
    return i == pair_.cause || i == pair_.effect ||
           (changes(events_[i]) && !events_[i].withdrawn &&
            related(events_[i], events_[pair_.cause]) &&
            related(events_[i], events_[pair_.effect]));
  }
  std::string heading(const std::string& actor) const {
    const auto& hint = names_.at(actor);
    return hint.path.empty() ? hint.name : fmt::format("{} ({})", hint.name, hint.path);
  }
  static std::string cell_of(const ScheduleEvent& event) {
    std::vector<std::string> paths;
    std::transform(event.paths.begin(), event.paths.end(), std::back_inserter(paths), shortened);
    std::string cell = fmt::format("{} {}", event.call, fmt::join(paths, " "));
    std::string result = result_text(event);
    return result.empty() ? cell : cell + "  " + result;
  }

  const Events& events_;
  const Pair& pair_;
  const std::map<std::string, ActorHint>& names_;
};

std::string sentence_for(const Events& events, const Pair& pair, const std::optional<size_t>& made,
                         const std::map<std::string, ActorHint>& names) {
  const auto& cause = events[pair.cause];
  const auto& effect = events[pair.effect];
  const auto& who = names.at(cause.actor).name;
  const auto& whom = names.at(effect.actor).name;
  const auto& path = subject_path(cause, effect);
  if (pair.effect < pair.cause) {
    return fmt::format("{} {} {} after {} had {} {}.", who, past(cause), cause.paths[0], whom,
                       makes(effect) ? past(effect) : "worked on",
                       effect.paths == cause.paths ? "it" : effect.paths.back());
  }
  if (made) {
    return fmt::format("{} {} {} after {} had {} it and before it used it.", who, past(cause), path,
                       whom, past(events[*made]));
  }
  std::string object = effect.paths == cause.paths ? "it" : effect.paths[0];
  return fmt::format("{} {} {} before {} {} {}.", who, past(cause), cause.paths[0], whom,
                     past(effect), object);
}

}  // namespace

std::optional<Explanation> explain(const ScheduleTrace& failing,
                                   const std::optional<ScheduleTrace>& passing,
                                   const std::vector<ActorHint>& hints) {
  const Events& events = failing.events;
  const Events* others = passing ? &passing->events : nullptr;
  auto pair = others != nullptr ? last_failure(events, *others) : by_undoing(events);
  for (auto search : {Search::kUndoneSamePath, Search::kUndone, Search::kReordered}) {
    if (!pair && (others != nullptr || search != Search::kReordered)) {
      pair = by_order(events, others, search);
    }
  }
  if (!pair) {
    return std::nullopt;
  }
  auto names = name_actors(failing, passing ? *passing : ScheduleTrace(), hints);
  auto made = pair->cause < pair->effect ? making(events, *pair, pair->cause) : std::nullopt;
  size_t from = std::min(
      {pair->cause, pair->effect, made.value_or(pair->cause), pair->from.value_or(pair->cause)});
  return Explanation{events[pair->cause], events[pair->effect],
                     sentence_for(events, *pair, made, names),
                     Picture(events, *pair, names).draw(from)};
}

}  // namespace relapse::fault
