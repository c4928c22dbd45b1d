#include "fault/explain.h"

#include <algorithm>
#include <cerrno>

#include "fault/event_facts.h"
#include "fault/lost_update.h"
#include "fault/picture.h"

namespace relapse::fault {

using model::ScheduleEvent;
using model::ScheduleTrace;

namespace {

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

// Programs look whether something is there; that it is not is often no failure at all.
enum class Effect { kTelling, kAny };

bool only_looks(const ScheduleEvent& event) {
  return event.call == "stat" || event.call == "access";
}

// A call that fails here and not so there, and the change that made the difference. The change
// must itself have moved: a failure that it precedes in both traces is not its doing.
std::optional<Pair> by_result(const Events& failing, const Events& passing, size_t from,
                              Effect effect) {
  for (size_t i = from; i < failing.size(); ++i) {
    if (!known(failing[i]) || failing[i].error == 0 || failing[i].withdrawn) {
      continue;
    }
    if (recovered(failing, i) || asks_what_it_is(failing[i]) ||
        (effect == Effect::kTelling && only_looks(failing[i]))) {
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
std::optional<Pair> last_failure(const Events& failing, const Events& passing, Effect effect) {
  auto pair = by_result(failing, passing, 0, effect);
  auto next = pair;
  while (next) {
    if (failing[next->effect].actor == failing[pair->effect].actor &&
        failing[next->effect].paths == failing[pair->effect].paths) {
      next->from = std::min(pair->cause, pair->effect);
      next->from = std::min(*next->from, pair->from.value_or(*next->from));
      pair = next;
    }
    next = by_result(failing, passing, next->effect + 1, effect);
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
// two calls in conflict whose order changed. At the very last what one thread undid that it had
// done: a runtime gives a thread now this work and now that.
enum class Search { kUndoneSamePath, kUndone, kReorderedSamePath, kReordered, kUndoneByItself };

bool wants_same_path(Search search) {
  return search == Search::kUndoneSamePath || search == Search::kReorderedSamePath;
}
bool wants_undoing(Search search) {
  return search != Search::kReorderedSamePath && search != Search::kReordered;
}

bool flipped(const Events& passing, const ScheduleEvent& early, const ScheduleEvent& late) {
  auto early_there = find_step(passing, early);
  auto late_there = find_step(passing, late);
  return early_there && late_there && *late_there < *early_there;
}

// No two calls are in conflict: what differs is which answer came first, or before which call. The
// two of a pair that are nearest to each other, the first such.
std::optional<Pair> by_replies(const Events& failing, const Events& passing, bool both) {
  for (size_t late = 0; late < failing.size(); ++late) {
    for (size_t early = late; early-- > 0;) {
      const int replies = (failing[early].is_reply() ? 1 : 0) + (failing[late].is_reply() ? 1 : 0);
      const bool told = !failing[early].paths.empty() && !failing[late].paths.empty();
      if (told && replies == (both ? 2 : 1) && !failing[early].withdrawn &&
          !failing[late].withdrawn && flipped(passing, failing[early], failing[late])) {
        return Pair{early, late};
      }
    }
  }
  return std::nullopt;
}

bool undoes(const ScheduleEvent& late, const ScheduleEvent& early) {
  return removes(late) && changes(early) && succeeded(early) && succeeded(late) &&
         reaches(late, early);
}

// Whether the order of the two tells the traces apart. Without a passing trace an undoing does.
bool tells_apart(const Events& failing, const Events* passing, size_t early, size_t late) {
  bool undone = undoes(failing[late], failing[early]);
  if (passing == nullptr) {
    return undone;
  }
  return flipped(*passing, failing[early], failing[late]) ||
         (undone && find_step(*passing, failing[early]) && !find_step(*passing, failing[late]));
}

bool meet(const ScheduleEvent& early, const ScheduleEvent& late, Search search) {
  return search == Search::kUndoneByItself
             ? early.actor == late.actor && makes(early) && !early.withdrawn && !late.withdrawn &&
                   related(early, late)
             : conflict(early, late);
}

std::optional<Pair> by_order(const Events& failing, const Events* passing, Search search) {
  std::optional<Pair> best;
  size_t best_length = 0;
  for (size_t late = failing.size(); late-- > 0;) {
    for (size_t early = late; early-- > 0;) {
      bool undone = undoes(failing[late], failing[early]);
      if (!meet(failing[early], failing[late], search) || (wants_undoing(search) && !undone) ||
          (wants_same_path(search) && failing[early].paths != failing[late].paths)) {
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

// With the replies of the other trace that this one did not live to see.
Events with_missing_replies(const Events& failing, const Events& passing) {
  Events all = failing;
  std::copy_if(passing.begin(), passing.end(), std::back_inserter(all),
               [&](const ScheduleEvent& event) {
                 return event.is_reply() && !event.withdrawn && !find_step(failing, event);
               });
  return all;
}

std::optional<Explanation> explain_replies(const Events& failing, const Events& passing,
                                           const std::map<std::string, ActorHint>& names) {
  const Events all = with_missing_replies(failing, passing);
  auto pair = by_replies(all, passing, true);
  if (!pair) {
    pair = by_replies(failing, passing, false);
  }
  if (!pair) {
    return std::nullopt;
  }
  const Pair shown = {pair->cause, pair->effect < failing.size() ? pair->effect : pair->cause};
  return Explanation{all[pair->cause], all[pair->effect],
                     sentence_for(all, *pair, std::nullopt, names),
                     draw_picture(failing, shown, names, shown.cause)};
}

// What says most, first.
std::optional<Pair> find_pair(const Events& failing, const Events* passing) {
  auto pair =
      passing != nullptr ? last_failure(failing, *passing, Effect::kTelling) : by_undoing(failing);
  for (auto find : {find_lost_update, find_overwritten}) {
    auto torn = pair ? std::nullopt : find(failing, passing);
    if (torn) {
      pair = Pair{torn->between, torn->second, torn->first, torn->first};
    }
  }
  if (!pair && passing != nullptr) {
    pair = last_failure(failing, *passing, Effect::kAny);
  }
  for (auto search : {Search::kUndoneSamePath, Search::kUndone, Search::kReorderedSamePath,
                      Search::kReordered, Search::kUndoneByItself}) {
    if (!pair && (passing != nullptr || search < Search::kReorderedSamePath)) {
      pair = by_order(failing, passing, search);
    }
  }
  return pair;
}

}  // namespace

std::optional<Explanation> explain(const ScheduleTrace& failing,
                                   const std::optional<ScheduleTrace>& passing,
                                   const std::vector<ActorHint>& hints) {
  const Events& events = failing.events;
  const Events* others = passing ? &passing->events : nullptr;
  auto pair = find_pair(events, others);
  auto names = name_actors(failing, passing ? *passing : ScheduleTrace(), hints);
  if (!pair) {
    return others != nullptr ? explain_replies(events, *others, names) : std::nullopt;
  }
  auto made = pair->cause < pair->effect ? making(events, *pair, pair->cause) : std::nullopt;
  size_t from = std::min(
      {pair->cause, pair->effect, made.value_or(pair->cause), pair->from.value_or(pair->cause)});
  return Explanation{events[pair->cause], events[pair->effect],
                     sentence_for(events, *pair, made, names),
                     draw_picture(events, *pair, names, from)};
}

}  // namespace relapse::fault
