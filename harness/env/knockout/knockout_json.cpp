#include "knockout/knockout.h"

namespace relapse::env {

namespace {

using nlohmann::json;

void add(json& out, const char* key, const std::string& text) {
  if (!text.empty()) {
    out[key] = text;
  }
}

json detail(const Outcome& outcome) {
  json out = json::object();
  add(out, "why", outcome.why);
  add(out, "says", outcome.says);
  if (!outcome.paths.empty()) {
    out["differs"] = outcome.paths;
  }
  return out;
}

json name_json(const KnockoutName& name) {
  json out = {{"name", name.name},
              {"supplied", name.supplied},
              {"unset", to_word(name.unset.effect)},
              {"empty", to_word(name.empty.effect)},
              {"reaches_output", name.reaches_output},
              {"seconds", name.seconds}};
  for (const auto& [key, outcome] :
       {std::pair("unset_detail", &name.unset), std::pair("empty_detail", &name.empty)}) {
    json more = detail(*outcome);
    if (!more.empty()) {
      out[key] = std::move(more);
    }
  }
  return out;
}

}  // namespace

json to_json(const KnockoutReport& report) {
  json out = {{"reference",
               {{"deterministic", report.reference.deterministic},
                {"passes", report.reference.passes},
                {"seconds", report.reference.seconds},
                {"files", report.reference.files},
                {"varying", report.reference.varying}}},
              {"names", json::array()},
              {"not_tried", report.not_tried},
              {"notes", report.notes},
              {"builds", report.builds},
              {"seconds", report.seconds}};
  for (const auto& name : report.names) {
    out["names"].push_back(name_json(name));
  }
  return out;
}

}  // namespace relapse::env
