#pragma once
// A failing order for people: the steps of the two that met in two columns, and a sentence.
// Internal to the explanation, which finds the pair.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fault/explain.h"

namespace relapse::fault {

struct Pair {
  size_t cause;
  size_t effect;
  std::optional<size_t> from = std::nullopt;  // where the story begins, if before both
  // The effect's other half, which the cause tore from it: a read, or a write of one's own.
  std::optional<size_t> other_half = std::nullopt;
};

// The path that a pair is about: of the effect if it stands below, for it is the nearer one.
const std::string& subject_path(const model::ScheduleEvent& cause,
                                const model::ScheduleEvent& effect);

// `from`: the first event worth showing. `names`: of every actor.
std::string draw_picture(const std::vector<model::ScheduleEvent>& events, const Pair& pair,
                         const std::map<std::string, ActorHint>& names, size_t from);

// `made`: where the effect's actor had made what the cause removed.
std::string sentence_for(const std::vector<model::ScheduleEvent>& events, const Pair& pair,
                         const std::optional<size_t>& made,
                         const std::map<std::string, ActorHint>& names);

}  // namespace relapse::fault
