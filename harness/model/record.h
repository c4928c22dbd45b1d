#pragma once
// The record: the JSON document of a whole run, and the only input of every report.
// Keys and their order are an interface: others read them. Add, never rename.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/diagnosis.h"
#include "model/diagnosis_json.h"
#include "model/result.h"
#include "model/syscall_error.h"
#include "model/tree_check.h"
#include "model/verdict.h"

namespace relapse::model {

struct HostFacts {
  std::string kernel;  // uname -r
  int cores = 0;
  std::string privileges;                           // "root" or "user"
  std::map<std::string, std::string> capabilities;  // what `doctor` found: "user-namespaces": "yes"

  bool operator==(const HostFacts&) const = default;
};

// What a subject was: nothing may pass for what it is not.
struct SubjectFacts {
  std::string name;     // the role: "runner", "agent"
  std::string origin;   // "given", "package", "reconstruction", "specimen", "missing"
  std::string path;     // where it lay on the host
  std::string sha256;   // of the program file; empty when missing
  std::string version;  // as far as it is known; may be empty
  std::string label;    // for people: "claude-code 2.1.12", "runner (stdin ignored)"

  bool operator==(const SubjectFacts&) const = default;
};

// What the scenario's specimens came to, with the same expectations.
struct CalibrationFacts {
  std::string bad;        // the verdict word of the bad specimen, "" when it was not tried
  std::string good;       // of the good one
  bool complete = false;  // every case of the scenario's calibration came out as it must

  bool operator==(const CalibrationFacts&) const = default;
};

// Set where the entry is a calibration case: which specimen stood in, and what had to come.
struct SpecimenFacts {
  std::string name;  // "pipe", "mock"
  VerdictKind expected = VerdictKind::kFail;

  bool operator==(const SpecimenFacts&) const = default;
};

struct TrialCounts {
  int run = 0;
  int failed = 0;
  std::optional<int> first_failure;  // 1-based

  bool operator==(const TrialCounts&) const = default;
};

// The same trial with only the suspected cause taken away.
struct ControlFacts {
  std::string change;   // "agent's stdin from /dev/null"
  std::string outcome;  // "ended", "hang", "not run"
  double duration_ms = 0;

  bool operator==(const ControlFacts&) const = default;
};

struct ScenarioRecord {
  std::string id;
  std::string component;
  std::string variant;
  VerdictKind verdict = VerdictKind::kError;
  std::string reason;
  double duration_ms = 0;
  std::vector<SubjectFacts> subjects;
  CalibrationFacts calibration;
  std::optional<SpecimenFacts> specimen;
  TrialCounts trials;
  std::optional<Diagnosis> diagnosis;
  std::vector<Stall> stalls;  // quiet stretches that ended by themselves: penalties
  std::optional<ControlFacts> control;
  std::optional<TreeFacts> tree;            // where the scenario expects one
  std::optional<InjectionFacts> injection;  // where the fault is failing calls
  nlohmann::json schedule;                  // null where the fault is no schedule
  std::vector<std::string> notes;           // "limits by rlimit: no cgroup", one sentence each
  std::string output_tail;                  // the subject's last lines, bounded, secrets taken out
  std::string replay;                       // the command that runs this very trial again

  // A calibration case is well when it came out as it had to; any other when it passed.
  bool as_it_should() const {
    return specimen ? verdict == specimen->expected : verdict == VerdictKind::kPass;
  }

  bool operator==(const ScenarioRecord&) const = default;
};

// More processes than anybody starts for one run.
inline constexpr int kShardsMax = 1024;

// Which part of a run: 1-based, "2 of 3".
struct ShardFacts {
  int index = 1;
  int count = 1;

  bool operator==(const ShardFacts&) const = default;
};

struct Record {
  std::string version;
  std::string commit;
  std::string command;  // "run" or "calibrate"
  std::string started;  // ISO 8601, UTC
  double duration_ms = 0;
  HostFacts host;
  std::uint64_t seed = 0;
  std::optional<ShardFacts> shard;  // where it is a part of a run
  VerdictKind verdict = VerdictKind::kInconclusive;
  std::vector<ScenarioRecord> scenarios;

  bool operator==(const Record&) const = default;
};

nlohmann::ordered_json to_json(const ScenarioRecord& scenario);
nlohmann::ordered_json to_json(const Record& record);

// As every file of ours is written: indented, a newline at the end, and the replacement character
// for bytes that are not UTF-8 (a subject may print anything).
std::string json_text(const nlohmann::ordered_json& document);

// A schedule may be nested so deep.
inline constexpr int kScheduleDepthMax = 64;

// The first thing that is wrong is named by its place ("/scenarios/2/trials/run"), in a text by
// its line as well. Unknown keys are left alone: a newer relapse may have written them.
Result<Record> record_from_json(const nlohmann::json& document);
Result<Record> record_from_text(std::string_view text, const std::string& file = "");

}  // namespace relapse::model
