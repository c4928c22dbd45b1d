#include "replay/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "any/explore.h"
#include "any/inject.h"
#include "model/nearest.h"
#include "run/record_file.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Record;
using model::Result;
using model::ScenarioRecord;

namespace {

std::string name_of(const ScenarioRecord& entry) {
  return entry.variant.empty() ? entry.id : entry.id + "/" + entry.variant;
}

Result<ScenarioRecord> choose(const Record& record, const std::string& wanted) {
  std::vector<std::string> names;
  std::vector<const ScenarioRecord*> found;
  for (const auto& entry : record.scenarios) {
    names.push_back(name_of(entry));
    const bool meant = wanted.empty() ? entry.verdict == model::VerdictKind::kFail
                                      : wanted == name_of(entry) || wanted == entry.id;
    if (meant) {
      found.push_back(&entry);
    }
  }
  if (found.empty() && wanted.empty() && record.scenarios.size() == 1) {
    return record.scenarios.front();
  }
  if (found.empty()) {
    return Error{ErrorKind::kUsage,
                 wanted.empty() ? "nothing in the record has failed"
                                : fmt::format("the record has no entry '{}'", wanted),
                 wanted.empty() ? "name the one to run again: --scenario ID/VARIANT"
                                : model::suggestion(wanted, names)};
  }
  // Of several, what failed as a subject comes before a specimen that failed as it should.
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) {
    return !a->specimen.has_value() && b->specimen.has_value();
  });
  const bool single = found.size() == 1 || !wanted.empty() ||
                      (!found[0]->specimen && found[1]->specimen.has_value());
  if (!single) {
    return Error{ErrorKind::kUsage,
                 fmt::format("{} entries of the record have failed", found.size()),
                 fmt::format("name one: --scenario '{}'", name_of(*found[0]))};
  }
  return *found.front();
}

// The same word for the same file is what makes it the same trial.
void compare_subjects(const ScenarioRecord& recorded, ScenarioRecord& again) {
  for (const auto& then : recorded.subjects) {
    for (const auto& now : again.subjects) {
      if (then.name == now.name && then.sha256 != now.sha256) {
        again.notes.push_back(fmt::format("{} is another program than recorded: {} had SHA-256 {}",
                                          now.name, then.path, then.sha256));
      }
    }
  }
}

Result<SessionResult> replay_scenario(const ReplayRequest& request, const Record& record,
                                      const ScenarioRecord& entry, const SessionEvents& events) {
  SessionRequest session;
  session.kind = entry.specimen ? SessionKind::kCalibrate : SessionKind::kRun;
  session.project = request.project;
  session.scenarios = {entry.id};
  session.variant = entry.specimen ? entry.specimen->name : entry.variant;
  session.calibrate = CalibrateWhen::kNever;
  session.again = true;
  session.record_file = request.record_file;
  session.jobs = request.jobs;
  session.seed = record.seed;
  session.replay = entry.schedule.is_object() && entry.schedule.contains("trace")
                       ? entry.schedule
                       : nlohmann::json();
  if (entry.injection) {
    auto failure = model::first_failure_of(*entry.injection);
    if (!failure) {
      return failure.error();
    }
    session.replay_error = std::move(*failure);
  }
  for (const auto& subject : entry.subjects) {
    if (subject.origin == "given") {
      session.given[subject.name] = subject.path;
    }
  }
  return run_session(session, events);
}

}  // namespace

Result<SessionResult> replay_record(const ReplayRequest& request, const SessionEvents& events) {
  auto record = read_record_file(request.record_file);
  if (!record) {
    return record.error();
  }
  auto entry = choose(*record, request.entry);
  if (!entry) {
    return entry.error();
  }
  Result<SessionResult> result = Error{};
  if (entry->schedule.is_object() && entry->schedule.contains("command")) {
    auto explored = explore_request_of(*entry);
    if (!explored) {
      return explored.error();
    }
    explored->env = request.env;
    explored->record_file = request.record_file;
    explored->seed = record->seed;
    result = explore(*explored, events);
  } else if (entry->injection && !entry->injection->command.is_null()) {
    auto injected = inject_request_of(*entry);
    if (!injected) {
      return injected.error();
    }
    injected->env = request.env;
    injected->record_file = request.record_file;
    result = inject(*injected, events);
  } else if (entry->component == "command") {
    return Error{ErrorKind::kUsage,
                 fmt::format("the entry '{}' is not of a scenario, and holds no order of calls",
                             name_of(*entry)),
                 entry->replay.empty() ? "" : "run it again: " + entry->replay};
  } else {
    result = replay_scenario(request, *record, *entry, events);
  }
  if (result) {
    result->record.command = "replay";
    for (auto& again : result->record.scenarios) {
      compare_subjects(*entry, again);
    }
  }
  return result;
}

}  // namespace relapse::run
