#pragma once
// The strategies behind fault/schedule.h, made by its table.

#include <memory>

#include "fault/schedule.h"

namespace relapse::fault {

std::unique_ptr<Strategy> make_key(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_event(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_walk(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_pct(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_calm(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_free(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_replay(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_switches(const model::SchedulePlan& plan);
std::unique_ptr<Strategy> make_follow(const model::SchedulePlan& plan);

// What an event is about, as one text: the call and its paths.
std::string content_of(const model::ScheduleEvent& event);

}  // namespace relapse::fault
