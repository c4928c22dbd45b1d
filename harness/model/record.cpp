#include "model/record.h"

#include <utility>

#include "model/diagnosis_json.h"
#include "model/json_reader.h"

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

VerdictKind read_verdict(const JsonReader& in, std::string_view key) {
  auto verdict = verdict_from_word(in.text(key));
  if (!verdict) {
    in.fail(key, verdict.error().message, verdict.error().remedy);
    return VerdictKind::kError;
  }
  return *verdict;
}

SubjectFacts read_subject(const JsonReader& in) {
  SubjectFacts subject;
  subject.name = in.text("name");
  subject.origin = in.text("origin");
  subject.path = in.text("path");
  subject.sha256 = in.text("sha256");
  subject.version = in.text("version");
  subject.label = in.text("label");
  return subject;
}

HostFacts read_host(const JsonReader& in) {
  HostFacts host;
  host.kernel = in.text("kernel");
  host.cores = in.integer<int>("cores", 0);
  host.privileges = in.text("privileges");
  host.capabilities = in.text_map("capabilities");
  return host;
}

void read_findings(const JsonReader& in, ScenarioRecord& out) {
  if (const auto specimen = in.object_or_none("specimen")) {
    out.specimen = SpecimenFacts{specimen->text("name"), read_verdict(*specimen, "expected")};
  }
  const JsonReader trials = in.object("trials");
  out.trials.run = trials.integer<int>("run", 0);
  out.trials.failed = trials.integer<int>("failed", 0);
  out.trials.first_failure = trials.integer_or_none<int>("first_failure", 1);
  if (const auto diagnosis = in.object_or_none("diagnosis")) {
    out.diagnosis = read_diagnosis(*diagnosis);
  }
  for (const JsonReader& stall : in.objects_or_none("stalls")) {
    out.stalls.push_back(read_stall(stall));
  }
  if (const auto control = in.object_or_none("control")) {
    out.control = ControlFacts{control->text("change"), control->text("outcome"),
                               control->amount("duration_ms")};
  }
}

ScenarioRecord read_scenario(const JsonReader& in) {
  ScenarioRecord out;
  out.id = in.text("id");
  out.component = in.text("component");
  out.variant = in.text("variant");
  out.verdict = read_verdict(in, "verdict");
  out.reason = in.text("reason");
  out.duration_ms = in.amount("duration_ms");
  for (const JsonReader& subject : in.objects("subjects")) {
    out.subjects.push_back(read_subject(subject));
  }
  const JsonReader calibration = in.object("calibration");
  out.calibration.bad = calibration.text("bad");
  out.calibration.good = calibration.text("good");
  out.calibration.complete = calibration.flag("complete");
  read_findings(in, out);
  out.schedule = in.any("schedule");
  out.notes = in.texts_or_none("notes");
  out.output_tail = in.text_or_empty("output_tail");
  out.replay = in.text("replay");
  return out;
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
  std::optional<Error> wrong;
  const JsonReader in(document, "", wrong);
  Record record;
  const JsonReader program = in.object("relapse");
  record.version = program.text("version");
  record.commit = program.text("commit");
  record.command = in.text("command");
  record.started = in.text("started");
  record.duration_ms = in.amount("duration_ms");
  record.host = read_host(in.object("host"));
  record.seed = in.integer<std::uint64_t>("seed");
  record.verdict = read_verdict(in, "verdict");
  for (const JsonReader& scenario : in.objects("scenarios")) {
    record.scenarios.push_back(read_scenario(scenario));
  }
  if (wrong) {
    return *std::move(wrong);
  }
  return record;
}

Result<Record> record_from_text(std::string_view text, const std::string& file) {
  auto document = parse_json(text, file);
  if (!document) {
    return std::move(document).error();
  }
  auto record = record_from_json(*document);
  if (!record) {
    record.error().file = file;
  }
  return record;
}

}  // namespace relapse::model
