#include "fault/picture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>

#include "fault/event_facts.h"

namespace relapse::fault {

using model::ScheduleEvent;

namespace {

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

// A fake's replies are one column, whatever they answer.
std::string column_of(const ScheduleEvent& event) {
  return event.is_reply() ? fake_of(event) : event.actor;
}

class Picture {
 public:
  Picture(const Events& events, const Pair& pair, const std::map<std::string, ActorHint>& names)
      : events_(events), pair_(pair), names_(names) {
    const auto& cause = events[pair.cause];
    columns_ = {column_of(cause)};
    const auto& effect = events[pair.effect];
    const auto& second = cause.is_reply() && effect.is_reply() ? next_call(pair.cause) : effect;
    if (column_of(second) != columns_[0]) {
      columns_.push_back(column_of(second));
    }
  }

  // `from`: the first event worth showing.
  std::string draw(size_t from) {
    size_t to = std::max(pair_.cause, pair_.effect);
    if (events_[to].is_reply()) {
      to = std::min(call_after(to), events_.size() - 1);  // what the answer set going
    }
    std::vector<std::pair<size_t, std::string>> cells;
    for (size_t i = from; i <= to; ++i) {
      if (worth_showing(i)) {
        cells.emplace_back(place_of(events_[i]),
                           cell_of(events_[i]) + (i == pair_.cause ? "  ←" : ""));
      }
    }
    return table(cells);
  }

 private:
  static constexpr size_t kGap = 4;

  // The first call by anybody after `i`; where there is none, the number of events.
  size_t call_after(size_t i) const {
    for (++i; i < events_.size(); ++i) {
      if (!events_[i].is_reply() && !events_[i].withdrawn && !events_[i].paths.empty()) {
        break;
      }
    }
    return i;
  }
  const ScheduleEvent& next_call(size_t i) const {
    const size_t next = call_after(i);
    return events_[next < events_.size() ? next : i];
  }
  bool is_shown(const std::string& column) const {
    return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
  }
  size_t place_of(const ScheduleEvent& event) {
    if (!is_shown(column_of(event))) {
      columns_.push_back(column_of(event));
    }
    return static_cast<size_t>(std::find(columns_.begin(), columns_.end(), column_of(event)) -
                               columns_.begin());
  }

  // Beside the pair: what is related to both, and the answers that let the two go on.
  bool worth_showing(size_t i) const {
    const auto& event = events_[i];
    const auto& cause = events_[pair_.cause];
    const auto& effect = events_[pair_.effect];
    if (i == pair_.cause || i == pair_.effect || i == pair_.other_half) {
      return true;
    }
    if (event.withdrawn || asks_what_it_is(event)) {
      return false;
    }
    if (event.is_reply()) {
      return is_shown(column_of(event)) || is_shown(column_of(next_call(i)));
    }
    const bool about_both =
        cause.is_reply() || effect.is_reply() || (related(event, cause) && related(event, effect));
    return is_shown(column_of(event)) && changes(event) && about_both;
  }
  std::string heading(const std::string& column) const {
    auto found = names_.find(column);
    if (found == names_.end()) {
      return column;  // a fake
    }
    const auto& hint = found->second;
    return hint.path.empty() ? hint.name : fmt::format("{} ({})", hint.name, hint.path);
  }
  static std::string cell_of(const ScheduleEvent& event) {
    std::vector<std::string> paths;
    std::transform(event.paths.begin(), event.paths.end(), std::back_inserter(paths), shortened);
    if (event.is_reply()) {
      return fmt::format("reply {}  {}", fmt::join(paths, " "),
                         event.call.substr(std::strlen(model::kReplyCall)));
    }
    std::string cell = fmt::format("{} {}", event.call, fmt::join(paths, " "));
    std::string result = result_text(event);
    return result.empty() ? cell : cell + "  " + result;
  }
  std::string table(const std::vector<std::pair<size_t, std::string>>& cells) const {
    std::vector<size_t> begins = {0};
    std::string out;
    for (size_t column = 0; column < columns_.size(); ++column) {
      size_t width = width_of(heading(columns_[column]));
      for (const auto& [place, text] : cells) {
        width = place == column ? std::max(width, width_of(text)) : width;
      }
      out = padded(out, begins[column]) + heading(columns_[column]);
      begins.push_back(begins[column] + width + kGap);
    }
    for (const auto& [place, text] : cells) {
      out += "\n" + std::string(begins[place], ' ') + text;
    }
    return out;
  }

  const Events& events_;
  const Pair& pair_;
  const std::map<std::string, ActorHint>& names_;
  std::vector<std::string> columns_;  // actors, or fakes
};

// What a step is about, in a sentence.
std::string object_of(const ScheduleEvent& event) {
  const bool usual = !event.is_reply() || event.call == model::kCutCall ||
                     event.call == fmt::format("{}200", model::kReplyCall);
  return usual ? event.paths[0]
               : fmt::format("{} with {}", event.paths[0],
                             event.call.substr(std::strlen(model::kReplyCall)));
}

// Of a read that another's write made stale, or of a write that another's replaced.
std::string torn_sentence(const Events& events, const Pair& pair,
                          const std::map<std::string, ActorHint>& names) {
  const auto& first = events[*pair.other_half];
  const auto& second = events[pair.effect];
  const auto& path = second.paths[0];
  const auto& who = names.at(events[pair.cause].actor).name;
  const auto& one = names.at(first.actor).name;
  const auto& two = names.at(second.actor).name;
  if (writes_into(first)) {
    return fmt::format("{} wrote to {} after {} had and before {} read it.", who, path, one, two);
  }
  const char* looked = succeeded(first) ? "read" : "looked for";
  const std::string then = one == two ? "wrote to it afterwards" : two + " wrote to it afterwards";
  return fmt::format("{} {} {} before {} wrote to it, and {}: what {} wrote is lost.", one, looked,
                     path, who, then, who);
}

}  // namespace

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

std::string draw_picture(const Events& events, const Pair& pair,
                         const std::map<std::string, ActorHint>& names, size_t from) {
  return Picture(events, pair, names).draw(from);
}

std::string sentence_for(const Events& events, const Pair& pair, const std::optional<size_t>& made,
                         const std::map<std::string, ActorHint>& names) {
  if (pair.other_half) {
    return torn_sentence(events, pair, names);
  }
  const auto& cause = events[pair.cause];
  const auto& effect = events[pair.effect];
  const auto& who = names.at(cause.actor).name;
  const bool same = column_of(cause) == column_of(effect);
  const std::string whom = same ? "it" : names.at(effect.actor).name;
  const auto& path = subject_path(cause, effect);
  if (pair.effect < pair.cause) {
    return fmt::format("{} {} {} after {} had {} {}.", who, past(cause), cause.paths[0], whom,
                       makes(effect) ? past(effect) : "worked on",
                       effect.paths == cause.paths ? "it" : effect.paths.back());
  }
  if (made) {
    return fmt::format("{} {} {} after {} had {} it and before it {} it.", who, past(cause), path,
                       whom, past(events[*made]), removes(cause) ? "used" : past(effect));
  }
  std::string object = effect.paths == cause.paths && !same ? "it" : object_of(effect);
  return fmt::format("{} {} {} before {} {} {}.", who, past(cause), object_of(cause), whom,
                     past(effect), object);
}

}  // namespace relapse::fault
