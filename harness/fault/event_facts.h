#pragma once
// What a step of a trace does: which calls make, remove or change, and which two of them touch the
// same thing.

#include <optional>
#include <string>
#include <vector>

#include "model/schedule.h"

namespace relapse::fault {

using Events = std::vector<model::ScheduleEvent>;

std::string fake_of(const model::ScheduleEvent& reply);  // "storage"
std::string past(const model::ScheduleEvent& event);     // "removed", "answered"
bool makes(const model::ScheduleEvent& event);
bool removes(const model::ScheduleEvent& event);
bool changes(const model::ScheduleEvent& event);     // what another actor may find
bool looks_into(const model::ScheduleEvent& event);  // at a file's content
bool writes_into(const model::ScheduleEvent& event);
bool known(const model::ScheduleEvent& event);  // what became of it
bool succeeded(const model::ScheduleEvent& event);
// A removal that fails for what is there is of the other kind: some try which it is.
bool asks_what_it_is(const model::ScheduleEvent& event);

// The same path, or one above the other.
bool related(const model::ScheduleEvent& a, const model::ScheduleEvent& b);
// Is about what `other` is about, or about a folder above it.
bool reaches(const model::ScheduleEvent& event, const model::ScheduleEvent& other);
// Of two actors, related, and one of them changes it.
bool conflict(const model::ScheduleEvent& a, const model::ScheduleEvent& b);

// Where that step was made, if it was.
std::optional<size_t> find_step(const Events& events, const model::ScheduleEvent& step);

}  // namespace relapse::fault
