#include "model/schedule_settings.h"

#include "model/fields.h"

namespace relapse::model {

namespace {

// More than anybody waits for, and few enough to be counted in an int.
constexpr int kTrialsMax = 1'000'000;

// PCT's chance falls with the number of steps to the power of d-1: beyond this it is nothing.
constexpr int kDepthMax = 16;

}  // namespace

nlohmann::ordered_json to_json(const ScheduleSettings& settings) {
  nlohmann::ordered_json out = {{"strategy", settings.strategy}};
  if (settings.depth > 0) {
    out["depth"] = settings.depth;
  }
  if (settings.points) {
    out["points"] = to_word(*settings.points);
  }
  out["calls"] = settings.calls;
  out["folders"] = settings.folders;
  out["trials"] = settings.trials;
  if (settings.replies) {
    out["replies"] = true;
  }
  return out;
}

Result<ScheduleSettings> schedule_settings_from_json(const nlohmann::json& object,
                                                     const std::string& pointer) {
  ScheduleSettings settings;
  Fields fields(object, pointer);
  settings.strategy = fields.text("strategy", settings.strategy);
  settings.depth = static_cast<int>(fields.number("depth", 0, 0, kDepthMax));
  settings.trials = static_cast<int>(fields.number("trials", settings.trials, 1, kTrialsMax));
  settings.replies = fields.flag("replies", settings.replies);
  settings.calls = fields.list("calls");
  settings.folders = fields.list("folders");
  const std::string points = fields.text("points");
  if (!points.empty()) {
    auto set = point_set_from_word(points);
    if (set) {
      settings.points = *set;
    } else {
      fields.fail("points", set.error().message, set.error().remedy);
    }
  }
  auto done = fields.finish();
  if (!done) {
    return done.error();
  }
  return settings;
}

}  // namespace relapse::model
