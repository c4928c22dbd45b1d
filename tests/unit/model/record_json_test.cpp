#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "canned/canned_record.h"
#include "catch.h"
#include "model/json_reader.h"
#include "model/record.h"

using namespace relapse::model;
using nlohmann::json;

namespace {

// The canned record as another program would read it, without the bytes that are no text.
json canned_document() {
  return json::parse(json_text(to_json(relapse::canned::record())));
}

std::vector<std::string> keys_of(const nlohmann::ordered_json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) {
    keys.push_back(key);
  }
  return keys;
}

// What reading says when the value at `pointer` is replaced.
std::string complaint(const std::string& pointer, const json& value) {
  json document = canned_document();
  document.at(json::json_pointer(pointer)) = value;
  const auto read = record_from_json(document);
  return read ? "" : read.error().text();
}

const ScenarioRecord& diagnosed(const Record& record) {
  for (const ScenarioRecord& scenario : record.scenarios) {
    if (scenario.diagnosis && scenario.diagnosis->peer) {
      return scenario;
    }
  }
  throw std::logic_error("the canned record has no hang with a peer");
}

}  // namespace

TEST_CASE("a record comes back from its JSON as it was, whatever bytes it holds") {
  const Record record = relapse::canned::record();
  const json in_memory = to_json(record);
  const auto back = record_from_json(in_memory);
  REQUIRE(back.ok());
  CHECK(*back == record);
}

TEST_CASE("a record comes back from its text, bytes that are no text replaced") {
  const Record record = relapse::canned::record();
  const std::string text = json_text(to_json(record));
  const auto back = record_from_text(text);
  REQUIRE(back.ok());
  CHECK(json_text(to_json(*back)) == text);
  CHECK(back->seed == record.seed);
  CHECK(back->scenarios.front() == record.scenarios.front());
  CHECK_THAT(back->scenarios.back().reason, ContainsSubstring("\xef\xbf\xbd"));
}

TEST_CASE("the keys of a record and their order are what others read") {
  const Record record = relapse::canned::record();
  const auto document = to_json(record);
  CHECK(keys_of(document) == std::vector<std::string>{"relapse", "command", "started",
                                                      "duration_ms", "host", "seed", "verdict",
                                                      "scenarios"});
  CHECK(keys_of(document["scenarios"].back()) ==
        std::vector<std::string>{"id", "component", "variant", "verdict", "reason", "duration_ms",
                                 "subjects", "calibration", "trials", "diagnosis", "stalls",
                                 "control", "schedule", "notes", "output_tail", "replay"});
  CHECK(keys_of(document["scenarios"].front()) ==
        std::vector<std::string>{"id", "component", "variant", "verdict", "reason", "duration_ms",
                                 "subjects", "calibration", "trials", "replay"});
  const auto diagnosis = to_json(*diagnosed(record).diagnosis);
  CHECK(keys_of(diagnosis) == std::vector<std::string>{"verdict", "proof", "cause", "process",
                                                       "peer", "sentence", "evidence", "graph",
                                                       "quiet_ms", "analysis_ms"});
  CHECK(keys_of(diagnosis["process"]) ==
        std::vector<std::string>{"pid", "host_pid", "name", "detail", "fd"});
  CHECK(keys_of(diagnosis["peer"]) ==
        std::vector<std::string>{"pid", "host_pid", "name", "fd", "wrote_bytes"});
  CHECK(to_json(Diagnosis{})["process"].is_null());
}

TEST_CASE("what is wrong in a record is named by its key") {
  CHECK(complaint("/host/cores", "two") ==
        "host.cores: must be an integer from 0 to 2147483647, "
        "is a string");
  CHECK(complaint("/seed", -1) == "seed: must be an integer from 0 to 18446744073709551615, is -1");
  CHECK(complaint("/seed", 1.5) ==
        "seed: must be an integer from 0 to 18446744073709551615, is 1.5");
  CHECK(complaint("/verdict", "green") ==
        "verdict: 'green' is not a verdict (one of pass, fail, inconclusive, error)");
  CHECK(complaint("/verdict", nullptr) == "verdict: missing");
  CHECK(complaint("/scenarios", json::object()) == "scenarios: must be an array, is an object");
  CHECK(complaint("/scenarios/1", 7) == "scenarios[1]: must be an object, is 7");
  CHECK(complaint("/scenarios/1/duration_ms", -0.5) ==
        "scenarios[1].duration_ms: must be a number that is not negative, is -0.5");
  CHECK(complaint("/scenarios/2/trials/run", 2147483648U) ==
        "scenarios[2].trials.run: must be an integer from 0 to 2147483647, is 2147483648");
  CHECK(complaint("/scenarios/3/trials/first_failure", 0) ==
        "scenarios[3].trials.first_failure: must be an integer from 1 to 2147483647, is 0");
  CHECK(complaint("/scenarios/1/notes/0", false) ==
        "scenarios[1].notes[0]: must be a string, is a boolean");
  CHECK(complaint("/host/capabilities/cgroup", 1) ==
        "host.capabilities.cgroup: must be a string, is 1");
  CHECK(complaint("/scenarios/0/calibration/complete", "yes") ==
        "scenarios[0].calibration.complete: must be true or false, is a string");
  CHECK_THAT(complaint("/scenarios/4/diagnosis/cause", "moon"),
             ContainsSubstring("scenarios[4].diagnosis.cause: 'moon' is no word for it (one of "
                               "none, stdin-open, "));
  CHECK_THAT(complaint("/scenarios/4/diagnosis/graph/edges/0/to_pid", "x"),
             ContainsSubstring("scenarios[4].diagnosis.graph.edges[0].to_pid: must be an integer"));
  CHECK(complaint("/relapse/version", "9.9") == "");
}

TEST_CASE("keys of a newer version are left alone") {
  json document = canned_document();
  document["later"] = 1;
  document["scenarios"][0]["later"] = json::array({1, 2});
  CHECK(record_from_json(document).ok());
}

TEST_CASE("a document that is none says so") {
  CHECK(record_from_json(json::array()).error().text() ==
        "the document: must be an object, is an array");
  CHECK(record_from_json(json()).error().text() == "the document: must be an object, is a null");
  const auto cut = record_from_text("{\n  \"seed\": 1,\n  \"verdict\"", "out/record.json");
  REQUIRE_FALSE(cut.ok());
  CHECK_THAT(cut.error().text(), ContainsSubstring("out/record.json:3: not JSON: "));
  CHECK(cut.error().kind == ErrorKind::kScenario);
  const auto wrong = record_from_text("{}", "out/record.json");
  CHECK(wrong.error().text() == "out/record.json: relapse: missing");
  CHECK_THAT(record_from_text("{\"seed\": 1e999}").error().text(), ContainsSubstring("not usable"));
  CHECK_FALSE(record_from_text("\"\xff\"").ok());
}

TEST_CASE("a schedule is kept as it stands, but not to any depth") {
  json deep = 1;
  for (int i = 0; i < JsonReader::kMaxDepth; ++i) {
    deep = json::array({std::move(deep)});
  }
  json document = canned_document();
  document["scenarios"][0]["schedule"] = deep;
  const auto kept = record_from_json(document);
  REQUIRE(kept.ok());
  CHECK(kept->scenarios[0].schedule == deep);

  document["scenarios"][0]["schedule"] = json::array({std::move(deep)});
  CHECK(record_from_json(document).error().text() ==
        "scenarios[0].schedule: is nested more than 64 levels deep");

  // Parsing and refusing must not need a stack as deep as the text.
  document["scenarios"][0]["schedule"] = "HERE";
  std::string text = document.dump();
  const std::string levels(200'000, '[');
  text.replace(text.find("\"HERE\""), 6, levels + std::string(levels.size(), ']'));
  CHECK_FALSE(record_from_text(text).ok());
}
