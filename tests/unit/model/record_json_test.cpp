#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "canned/canned_record.h"
#include "catch.h"
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
                                 "control", "tree", "injection", "schedule", "notes", "output_tail",
                                 "replay"});
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

TEST_CASE("what is wrong in a record is named by its place") {
  CHECK(complaint("/host/cores", "two") ==
        "/host/cores: 'cores' must be a whole number from 0 to 2147483647");
  CHECK(complaint("/seed", -1) ==
        "/seed: 'seed' must be a whole number from 0 to 18446744073709551615");
  CHECK(complaint("/seed", 1.5) ==
        "/seed: 'seed' must be a whole number from 0 to 18446744073709551615");
  CHECK(complaint("/verdict", "green") ==
        "/verdict: 'green' is not a verdict (one of pass, fail, inconclusive, error)");
  CHECK(complaint("/verdict", nullptr) == "/verdict: 'verdict' must be a string");
  CHECK(complaint("/scenarios", json::object()) == "/scenarios: 'scenarios' must be a list");
  CHECK(complaint("/scenarios/1", 7) == "/scenarios/1: must be an object");
  CHECK(complaint("/scenarios/1/duration_ms", -0.5) ==
        "/scenarios/1/duration_ms: 'duration_ms' must be a number that is not negative");
  CHECK(complaint("/scenarios/2/trials/run", 2147483648U) ==
        "/scenarios/2/trials/run: 'run' must be a whole number from 0 to 2147483647");
  CHECK(complaint("/scenarios/3/trials/first_failure", 0) ==
        "/scenarios/3/trials/first_failure: 'first_failure' must be a whole number from 1 to "
        "2147483647");
  CHECK(complaint("/scenarios/1/notes/0", false) == "/scenarios/1/notes/0: must be a string");
  CHECK(complaint("/host/capabilities/cgroup", 1) ==
        "/host/capabilities/cgroup: 'cgroup' must be a string");
  CHECK(complaint("/scenarios/0/calibration/complete", "yes") ==
        "/scenarios/0/calibration/complete: 'complete' must be true or false");
  CHECK_THAT(complaint("/scenarios/4/diagnosis/cause", "moon"),
             ContainsSubstring("/scenarios/4/diagnosis/cause: 'cause' cannot be 'moon' (one of "
                               "none, stdin-open, "));
  CHECK_THAT(complaint("/scenarios/4/diagnosis/peer/fd", "x"),
             ContainsSubstring("/scenarios/4/diagnosis/peer/fd: 'fd' must be a whole number"));
  CHECK_THAT(
      complaint("/scenarios/4/diagnosis/graph/edges/0/to_pid", "x"),
      ContainsSubstring("/scenarios/4/diagnosis/graph/edges/0/to_pid: 'to_pid' must be a whole"));
  CHECK(complaint("/relapse/version", "9.9") == "");
}

// Leaving any key out is either allowed by the format, or an error that names it.
TEST_CASE("a key that is missing is named") {
  const std::vector<std::string> optional = {"specimen",  "diagnosis", "stalls",      "control",
                                             "schedule",  "notes",     "output_tail", "detail",
                                             "evidence",  "tree",      "seen",        "first",
                                             "injection", "settings",  "runs",        "failures"};
  const json document = canned_document();
  auto check = [&](const std::string& object) {
    const json members = document.at(json::json_pointer(object));
    for (const auto& [key, value] : members.items()) {
      json without = document;
      without.at(json::json_pointer(object)).erase(key);
      const auto read = record_from_json(without);
      INFO(object << " without " << key);
      if (std::find(optional.begin(), optional.end(), key) != optional.end()) {
        CHECK(read.ok());
      } else {
        REQUIRE_FALSE(read.ok());
        CHECK(read.error().text() == object + "/" + key + ": '" + key + "' is missing");
      }
    }
  };
  for (const auto* object :
       {"", "/relapse", "/host", "/scenarios/4", "/scenarios/4/subjects/0",
        "/scenarios/4/calibration", "/scenarios/4/control", "/scenarios/4/diagnosis/graph",
        "/scenarios/4/diagnosis/graph/nodes/0", "/scenarios/8/specimen", "/scenarios/2/stalls/0"}) {
    check(object);
  }
}

TEST_CASE("keys of a newer version are left alone") {
  json document = canned_document();
  document["later"] = 1;
  document["scenarios"][0]["later"] = json::array({1, 2});
  CHECK(record_from_json(document).ok());
}

TEST_CASE("a document that is none says so") {
  CHECK(record_from_json(json::array()).error().text() == "a record: must be an object");
  CHECK(record_from_json(json()).error().text() == "a record: must be an object");
  const auto cut = record_from_text("{\n  \"seed\": 1,\n  \"verdict\"", "out/record.json");
  REQUIRE_FALSE(cut.ok());
  CHECK_THAT(cut.error().text(), ContainsSubstring("out/record.json:3: not JSON: parse error"));
  CHECK(cut.error().kind == ErrorKind::kScenario);
  CHECK_THAT(record_from_text("{\"seed\": 1e999}").error().text(), ContainsSubstring("not usable"));
  CHECK_FALSE(record_from_text("\"\xff\"").ok());
}

TEST_CASE("in a text, what is wrong has a line") {
  json document = canned_document();
  document["host"]["cores"] = "two";
  const std::string text = document.dump(1);
  const auto wrong = record_from_text(text, "out/record.json");
  REQUIRE_FALSE(wrong.ok());
  const auto before = text.substr(0, text.find("\"cores\""));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  CHECK_THAT(wrong.error().text(),
             ContainsSubstring("out/record.json:" + std::to_string(line) + ": /host/cores: "));
}

TEST_CASE("a schedule is kept as it stands, but not to any depth") {
  json deep = 1;
  for (int i = 0; i < kScheduleDepthMax; ++i) {
    deep = json::array({std::move(deep)});
  }
  json document = canned_document();
  document["scenarios"][0]["schedule"] = deep;
  const auto kept = record_from_json(document);
  REQUIRE(kept.ok());
  CHECK(kept->scenarios[0].schedule == deep);

  document["scenarios"][0]["schedule"] = json::array({std::move(deep)});
  CHECK(record_from_json(document).error().text() ==
        "/scenarios/0/schedule: 'schedule' is more than 64 levels deep");

  // Parsing and refusing must not need a stack as deep as the text.
  document["scenarios"][0]["schedule"] = "HERE";
  std::string text = document.dump();
  const std::string levels(200'000, '[');
  text.replace(text.find("\"HERE\""), 6, levels + std::string(levels.size(), ']'));
  CHECK_FALSE(record_from_text(text).ok());
}
