#include "model/schedule.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "model/drawn_names.h"

namespace relapse::model {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// In the order of the enumerations.
constexpr std::array<std::string_view, 2> kPointSets = {"mutations", "reads"};
constexpr std::array<std::string_view, 3> kSources = {"unknown", "predicted", "injected"};

std::vector<const ScheduleEvent*> those_that_happened(const std::vector<ScheduleEvent>& events) {
  std::vector<const ScheduleEvent*> out;
  for (const auto& event : events) {
    if (!event.withdrawn) {
      out.push_back(&event);
    }
  }
  return out;
}

ordered_json event_json(const ScheduleEvent& event) {
  ordered_json out = {{"actor", event.actor},
                      {"call", event.call},
                      {"paths", event.paths},
                      {"occurrence", event.occurrence}};
  if (event.source != ResultSource::kUnknown) {
    out["result"] = kSources.at(static_cast<size_t>(event.source));
    out["errno"] = event.error;
  }
  if (event.withdrawn) {
    out["withdrawn"] = true;
  }
  return out;
}

ScheduleEvent event_of(const json& document) {
  ScheduleEvent event;
  event.actor = document.at("actor").get<std::string>();
  event.call = document.at("call").get<std::string>();
  event.paths = document.at("paths").get<std::vector<std::string>>();
  event.occurrence = document.at("occurrence").get<int>();
  event.error = document.value("errno", 0);
  event.withdrawn = document.value("withdrawn", false);
  auto word = document.value("result", std::string(kSources[0]));
  const auto* source = std::find(kSources.begin(), kSources.end(), word);
  if (source == kSources.end()) {
    throw json::other_error::create(501, "'" + word + "' is no source of a result", &document);
  }
  event.source = static_cast<ResultSource>(source - kSources.begin());
  return event;
}

SchedulePlan plan_of(const json& document) {
  SchedulePlan plan;
  plan.strategy = document.at("strategy").get<std::string>();
  plan.seed = document.at("seed").get<std::uint64_t>();
  auto points = point_set_from_word(document.at("points").get<std::string>());
  if (!points) {
    throw json::other_error::create(501, points.error().message, &document);
  }
  plan.points = *points;
  plan.depth = document.value("depth", 0);
  plan.steps = document.value("steps", 0);
  for (const auto& event : document.value("order", json::array())) {
    plan.order.push_back(event_of(event));
  }
  for (const auto& entry : document.value("switches", json::array())) {
    plan.switches.push_back({entry.at("from").get<std::string>(), entry.at("after").get<int>(),
                             entry.at("to").get<std::string>()});
  }
  return plan;
}

ScheduleTrace trace_of(const json& document) {
  ScheduleTrace trace;
  trace.plan = plan_of(document.at("plan"));
  for (const auto& event : document.at("events")) {
    trace.events.push_back(event_of(event));
  }
  trace.programs = document.value("programs", std::map<std::string, std::string>());
  trace.actors_max = document.value("actors_max", 0);
  trace.listener_refused = document.value("listener_refused", false);
  trace.notes = document.value("notes", std::vector<std::string>());
  if (document.contains("divergence")) {
    const auto& entry = document.at("divergence");
    trace.divergence =
        Divergence{entry.at("at").get<int>(), entry.at("expected").get<std::string>(),
                   entry.at("found").get<std::string>()};
  }
  return trace;
}

template <typename T, typename Parse>
Result<T> parsed(const json& document, Parse parse) {
  try {
    return parse(document);
  } catch (const json::exception& failure) {
    return Error{ErrorKind::kScenario, fmt::format("not a schedule: {}", failure.what()), "", "",
                 0};
  }
}

}  // namespace

std::string_view to_word(PointSet points) {
  return kPointSets.at(static_cast<size_t>(points));
}

Result<PointSet> point_set_from_word(std::string_view word) {
  const auto* found = std::find(kPointSets.begin(), kPointSets.end(), word);
  if (found == kPointSets.end()) {
    return Error{ErrorKind::kScenario, fmt::format("'{}' is not a set of points", word),
                 fmt::format("one of {}", fmt::join(kPointSets, ", ")), "", 0};
  }
  return static_cast<PointSet>(found - kPointSets.begin());
}

std::string to_text(const ScheduleEvent& event) {
  return fmt::format("{} {}{}{}", event.actor, event.call, event.paths.empty() ? "" : " ",
                     fmt::join(event.paths, " "));
}

int count_switches(const std::vector<ScheduleEvent>& events) {
  auto happened = those_that_happened(events);
  int switches = 0;
  for (size_t i = 1; i < happened.size(); ++i) {
    switches += happened[i]->actor != happened[i - 1]->actor ? 1 : 0;
  }
  return switches;
}

bool same_order(const std::vector<ScheduleEvent>& a, const std::vector<ScheduleEvent>& b) {
  auto left = those_that_happened(a);
  auto right = those_that_happened(b);
  DrawnNames names;
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&names](const auto* x, const auto* y) { return names.accept(*x, *y); });
}

ordered_json to_json(const SchedulePlan& plan) {
  ordered_json out = {
      {"strategy", plan.strategy}, {"seed", plan.seed}, {"points", to_word(plan.points)}};
  if (plan.depth > 0) {
    out["depth"] = plan.depth;
    out["steps"] = plan.steps;
  }
  if (!plan.order.empty()) {
    out["order"] = ordered_json::array();
    for (const auto& event : plan.order) {
      out["order"].push_back(event_json(event));
    }
  }
  if (!plan.switches.empty()) {
    out["switches"] = ordered_json::array();
    for (const auto& entry : plan.switches) {
      out["switches"].push_back(
          ordered_json{{"from", entry.from}, {"after", entry.after}, {"to", entry.to}});
    }
  }
  return out;
}

ordered_json to_json(const ScheduleTrace& trace) {
  ordered_json out = {{"plan", to_json(trace.plan)},
                      {"actors_max", trace.actors_max},
                      {"switches", count_switches(trace.events)},
                      {"programs", trace.programs},
                      {"events", ordered_json::array()}};
  for (const auto& event : trace.events) {
    out["events"].push_back(event_json(event));
  }
  if (trace.divergence) {
    out["divergence"] = ordered_json{{"at", trace.divergence->at},
                                     {"expected", trace.divergence->expected},
                                     {"found", trace.divergence->found}};
  }
  if (trace.listener_refused) {
    out["listener_refused"] = true;
  }
  if (!trace.notes.empty()) {
    out["notes"] = trace.notes;
  }
  return out;
}

Result<SchedulePlan> plan_from_json(const json& document) {
  return parsed<SchedulePlan>(document, plan_of);
}

Result<ScheduleTrace> trace_from_json(const json& document) {
  return parsed<ScheduleTrace>(document, trace_of);
}

}  // namespace relapse::model
