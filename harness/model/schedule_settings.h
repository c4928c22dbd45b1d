#pragma once
// How orders are searched for one that fails: as a scenario says it ("fault": {"schedule": …}),
// and as the record keeps it.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/schedule.h"

namespace relapse::model {

struct ScheduleSettings {
  std::string strategy = "portfolio";  // all in rotation, or one by name: see fault/schedule.h
  int depth = 0;                       // PCT: d; 0: the strategy's own
  std::optional<PointSet> points;      // nothing: as the rotation says
  std::vector<std::string> calls;      // further calls that are scheduling points
  std::vector<std::string> folders;    // where calls are points; none: home and working folder
  int trials = 200;
  bool replies = false;  // when the fakes' replies are delivered is decided as well
};

nlohmann::ordered_json to_json(const ScheduleSettings& settings);
// `pointer`: where it stands in its document.
Result<ScheduleSettings> schedule_settings_from_json(const nlohmann::json& object,
                                                     const std::string& pointer);

}  // namespace relapse::model
