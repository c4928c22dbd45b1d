#include "model/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "model/fields.h"
#include "model/json_lines.h"

namespace relapse::model {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

template <typename T, typename Convert>
ordered_json array_of(const std::vector<T>& items, Convert convert) {
  ordered_json out = ordered_json::array();
  for (const T& item : items) {
    out.push_back(convert(item));
  }
  return out;
}

ordered_json subject_json(const SubjectFacts& subject) {
  return {{"name", subject.name},     {"origin", subject.origin},   {"path", subject.path},
          {"sha256", subject.sha256}, {"version", subject.version}, {"label", subject.label}};
}

ordered_json stall_json(const Stall& stall) {
  return {{"began_ms", stall.began_ms},
          {"duration_ms", stall.duration_ms},
          {"cause", to_word(stall.cause)},
          {"sentence", stall.sentence}};
}

ordered_json trials_json(const TrialCounts& trials) {
  ordered_json first = nullptr;
  if (trials.first_failure) {
    first = *trials.first_failure;
  }
  return {{"run", trials.run}, {"failed", trials.failed}, {"first_failure", std::move(first)}};
}

ordered_json tree_json(const TreeFacts& tree) {
  return {{"expected", tree.expected},
          {"missing", tree.missing},
          {"different", tree.different},
          {"unexpected", tree.unexpected},
          {"first", array_of(tree.first, [](const TreeDifference& one) {
             return ordered_json{{"what", to_word(one.what)},
                                 {"path", one.path},
                                 {"expected", one.expected},
                                 {"seen", one.seen},
                                 {"entries", one.entries}};
           })}};
}

ordered_json host_json(const HostFacts& host) {
  ordered_json capabilities = ordered_json::object();
  for (const auto& [name, found] : host.capabilities) {
    capabilities[name] = found;
  }
  return {{"kernel", host.kernel},
          {"cores", host.cores},
          {"privileges", host.privileges},
          {"capabilities", std::move(capabilities)}};
}

VerdictKind read_verdict(Fields& fields, const char* name) {
  auto verdict = verdict_from_word(fields.stated_text(name));
  if (!verdict) {
    fields.fail(name, verdict.error().message, verdict.error().remedy);
    return VerdictKind::kError;
  }
  return *verdict;
}

// Calls `read(object, pointer)` for a member that is an object; keeps its error.
template <typename Read>
void read_member(Fields& fields, const char* name, Read read) {
  if (const json* member = fields.object(name)) {
    if (auto done = read(*member, fields.place(name)); !done) {
      fields.fail(done.error());
    }
  }
}

int small_count(Fields& fields, const char* name, std::uint64_t min = 0) {
  return static_cast<int>(fields.stated_count(name, min, std::numeric_limits<int>::max()));
}

Result<> read_subject(const json& object, const std::string& pointer, SubjectFacts& out) {
  Fields fields(object, pointer);
  out.name = fields.stated_text("name");
  out.origin = fields.stated_text("origin");
  out.path = fields.stated_text("path");
  out.sha256 = fields.stated_text("sha256");
  out.version = fields.stated_text("version");
  out.label = fields.stated_text("label");
  return fields.finish_open();
}

Result<> read_host(const json& object, const std::string& pointer, HostFacts& out) {
  Fields fields(object, pointer);
  out.kernel = fields.stated_text("kernel");
  out.cores = small_count(fields, "cores");
  out.privileges = fields.stated_text("privileges");
  fields.require("capabilities");
  out.capabilities = fields.texts("capabilities");
  return fields.finish_open();
}

Result<> read_program(const json& object, const std::string& pointer, Record& out) {
  Fields fields(object, pointer);
  out.version = fields.stated_text("version");
  out.commit = fields.stated_text("commit");
  return fields.finish_open();
}

Result<> read_shard(const json& object, const std::string& pointer, ShardFacts& out) {
  Fields fields(object, pointer);
  out.index = static_cast<int>(fields.stated_count("index", 1, kShardsMax));
  out.count = static_cast<int>(fields.stated_count("count", 1, kShardsMax));
  if (out.index > out.count) {
    fields.fail("index", fmt::format("there is no shard {} of {}", out.index, out.count));
  }
  return fields.finish_open();
}

Result<> read_calibration(const json& object, const std::string& pointer, CalibrationFacts& out) {
  Fields fields(object, pointer);
  out.bad = fields.stated_text("bad");
  out.good = fields.stated_text("good");
  out.complete = fields.stated_flag("complete");
  return fields.finish_open();
}

Result<> read_specimen(const json& object, const std::string& pointer, SpecimenFacts& out) {
  Fields fields(object, pointer);
  out.name = fields.stated_text("name");
  out.expected = read_verdict(fields, "expected");
  return fields.finish_open();
}

Result<> read_trials(const json& object, const std::string& pointer, TrialCounts& out) {
  Fields fields(object, pointer);
  out.run = small_count(fields, "run");
  out.failed = small_count(fields, "failed");
  if (fields.given("first_failure")) {
    out.first_failure = small_count(fields, "first_failure", 1);
  }
  return fields.finish_open();
}

Result<> read_control(const json& object, const std::string& pointer, ControlFacts& out) {
  Fields fields(object, pointer);
  out.change = fields.stated_text("change");
  out.outcome = fields.stated_text("outcome");
  out.duration_ms = fields.stated_amount("duration_ms");
  return fields.finish_open();
}

void read_what(Fields& fields, TreeDifference::What& out) {
  const std::string word = fields.stated_text("what");
  const auto& words = difference_words();
  auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) {
    fields.fail("what", fmt::format("'{}' is no difference", word));
  } else {
    out = static_cast<TreeDifference::What>(found - words.begin());
  }
}

Result<> read_difference(const json& object, const std::string& pointer, TreeDifference& out) {
  Fields fields(object, pointer);
  read_what(fields, out.what);
  out.path = fields.stated_text("path");
  out.expected = fields.text("expected");
  out.seen = fields.text("seen");
  out.entries = fields.stated_count("entries", 1, std::numeric_limits<std::uint64_t>::max());
  return fields.finish_open();
}

Result<> read_tree(const json& object, const std::string& pointer, TreeFacts& out) {
  Fields fields(object, pointer);
  constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();
  out.expected = fields.stated_count("expected", 0, kMax);
  out.missing = fields.stated_count("missing", 0, kMax);
  out.different = fields.stated_count("different", 0, kMax);
  out.unexpected = fields.stated_count("unexpected", 0, kMax);
  each_element(fields, "first", [&out](const json& one, const std::string& at) {
    return read_difference(one, at, out.first.emplace_back());
  });
  return fields.finish_open();
}

bool deeper_than(const json& value, int limit) {
  if (!value.is_structured()) {
    return false;
  }
  return limit == 0 || std::any_of(value.begin(), value.end(), [limit](const json& child) {
           return deeper_than(child, limit - 1);
         });
}

// Kept as it stands, so its depth is checked here: copying it and writing it out recurse.
void read_schedule(Fields& fields, json& out) {
  const json* schedule = fields.child("schedule");
  if (schedule == nullptr) {
    return;
  }
  if (deeper_than(*schedule, kScheduleDepthMax)) {
    fields.fail("schedule",
                fmt::format("'schedule' is more than {} levels deep", kScheduleDepthMax));
    return;
  }
  out = *schedule;
}

// What an entry has only where there is something to say.
void read_findings(Fields& fields, ScenarioRecord& out) {
  read_member(fields, "specimen", [&out](const json& object, const std::string& at) {
    return read_specimen(object, at, out.specimen.emplace());
  });
  read_member(fields, "diagnosis", [&out](const json& object, const std::string& at) {
    return read_diagnosis(object, at, out.diagnosis.emplace());
  });
  each_element(fields, "stalls", [&out](const json& object, const std::string& at) {
    return read_stall(object, at, out.stalls.emplace_back());
  });
  read_member(fields, "control", [&out](const json& object, const std::string& at) {
    return read_control(object, at, out.control.emplace());
  });
  read_member(fields, "tree", [&out](const json& object, const std::string& at) {
    return read_tree(object, at, out.tree.emplace());
  });
  read_member(fields, "injection", [&out](const json& object, const std::string& at) {
    return read_injection_facts(object, at, out.injection.emplace());
  });
  read_schedule(fields, out.schedule);
  out.notes = fields.list("notes");
  out.output_tail = fields.text("output_tail");
}

Result<> read_scenario(const json& object, const std::string& pointer, ScenarioRecord& out) {
  Fields fields(object, pointer);
  out.id = fields.stated_text("id");
  out.component = fields.stated_text("component");
  out.variant = fields.stated_text("variant");
  out.verdict = read_verdict(fields, "verdict");
  out.reason = fields.stated_text("reason");
  out.duration_ms = fields.stated_amount("duration_ms");
  fields.require("subjects");
  each_element(fields, "subjects", [&out](const json& subject, const std::string& at) {
    return read_subject(subject, at, out.subjects.emplace_back());
  });
  fields.require("calibration");
  read_member(fields, "calibration", [&out](const json& calibration, const std::string& at) {
    return read_calibration(calibration, at, out.calibration);
  });
  fields.require("trials");
  read_member(fields, "trials", [&out](const json& trials, const std::string& at) {
    return read_trials(trials, at, out.trials);
  });
  read_findings(fields, out);
  out.replay = fields.stated_text("replay");
  return fields.finish_open();
}

Result<> read_record(const json& document, Record& out) {
  Fields fields(document, "");
  fields.require("relapse");
  read_member(fields, "relapse", [&out](const json& object, const std::string& at) {
    return read_program(object, at, out);
  });
  out.command = fields.stated_text("command");
  out.started = fields.stated_text("started");
  out.duration_ms = fields.stated_amount("duration_ms");
  fields.require("host");
  read_member(fields, "host", [&out](const json& object, const std::string& at) {
    return read_host(object, at, out.host);
  });
  out.seed = fields.stated_count("seed", 0, std::numeric_limits<std::uint64_t>::max());
  read_member(fields, "shard", [&out](const json& object, const std::string& at) {
    return read_shard(object, at, out.shard.emplace());
  });
  out.verdict = read_verdict(fields, "verdict");
  fields.require("scenarios");
  each_element(fields, "scenarios", [&out](const json& object, const std::string& at) {
    return read_scenario(object, at, out.scenarios.emplace_back());
  });
  return fields.finish_open();
}

// The library opens its messages with its own name for the error, in brackets.
std::string_view without_tag(std::string_view what) {
  const size_t end = what.find("] ");
  return what.starts_with('[') && end != std::string_view::npos ? what.substr(end + 2) : what;
}

}  // namespace

ordered_json to_json(const ScenarioRecord& scenario) {
  ordered_json out;
  out["id"] = scenario.id;
  out["component"] = scenario.component;
  out["variant"] = scenario.variant;
  out["verdict"] = to_word(scenario.verdict);
  out["reason"] = scenario.reason;
  out["duration_ms"] = scenario.duration_ms;
  out["subjects"] = array_of(scenario.subjects, subject_json);
  out["calibration"] = {{"bad", scenario.calibration.bad},
                        {"good", scenario.calibration.good},
                        {"complete", scenario.calibration.complete}};
  if (scenario.specimen) {
    out["specimen"] = {{"name", scenario.specimen->name},
                       {"expected", to_word(scenario.specimen->expected)}};
  }
  out["trials"] = trials_json(scenario.trials);
  if (scenario.diagnosis) {
    out["diagnosis"] = to_json(*scenario.diagnosis);
  }
  if (!scenario.stalls.empty()) {
    out["stalls"] = array_of(scenario.stalls, stall_json);
  }
  if (scenario.control) {
    out["control"] = {{"change", scenario.control->change},
                      {"outcome", scenario.control->outcome},
                      {"duration_ms", scenario.control->duration_ms}};
  }
  if (scenario.tree) {
    out["tree"] = tree_json(*scenario.tree);
  }
  if (scenario.injection) {
    out["injection"] = to_json(*scenario.injection);
  }
  if (!scenario.schedule.is_null()) {
    out["schedule"] = ordered_json(scenario.schedule);
  }
  if (!scenario.notes.empty()) {
    out["notes"] = scenario.notes;
  }
  if (!scenario.output_tail.empty()) {
    out["output_tail"] = scenario.output_tail;
  }
  out["replay"] = scenario.replay;
  return out;
}

ordered_json to_json(const Record& record) {
  ordered_json out;
  out["relapse"] = {{"version", record.version}, {"commit", record.commit}};
  out["command"] = record.command;
  out["started"] = record.started;
  out["duration_ms"] = record.duration_ms;
  out["host"] = host_json(record.host);
  out["seed"] = record.seed;
  if (record.shard) {
    out["shard"] = {{"index", record.shard->index}, {"count", record.shard->count}};
  }
  out["verdict"] = to_word(record.verdict);
  out["scenarios"] =
      array_of(record.scenarios, [](const ScenarioRecord& scenario) { return to_json(scenario); });
  return out;
}

std::string json_text(const ordered_json& document) {
  constexpr int kIndent = 2;
  return document.dump(kIndent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

Result<Record> record_from_json(const json& document) {
  Record record;
  if (auto done = read_record(document, record); !done) {
    Error error = std::move(done).error();
    const std::string place = error.pointer.empty() ? "a record" : error.pointer;
    error.message = fmt::format("{}: {}", place, error.message);
    return error;
  }
  return record;
}

Result<Record> record_from_text(std::string_view text, const std::string& file) {
  json document;
  try {
    document = json::parse(text);
  } catch (const json::parse_error& error) {
    return Error{ErrorKind::kScenario, fmt::format("not JSON: {}", without_tag(error.what())), "",
                 file, line_at(text, error.byte)};
  } catch (const json::exception& error) {  // a number that no type holds
    return Error{ErrorKind::kScenario, fmt::format("not usable: {}", without_tag(error.what())), "",
                 file};
  }
  auto record = record_from_json(document);
  if (!record) {
    record.error().file = file;
    record.error().line = line_of(lines_of_json(text), record.error().pointer);
  }
  return record;
}

}  // namespace relapse::model
