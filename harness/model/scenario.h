#pragma once
// A scenario: the replay of an incident's failure mode, as data. The format that people write is
// scenarios/schema.json; this is what it says once it has been read and checked.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/diagnosis.h"
#include "model/schedule_settings.h"
#include "model/tree_check.h"
#include "model/verdict.h"
#include "model/world_spec.h"

namespace relapse::model {

// One program that can stand in for a role.
struct Choice {
  std::string label;   // for people: "stdin ignored", "claude-code 2.1.12"
  std::string path;    // relative to the project
  std::string origin;  // "package", "reconstruction", "specimen"
  std::map<std::string, std::string> env;
};

// A part that programs play in the scenario: "runner", "agent".
struct Role {
  std::string command;                 // called by this name on PATH; empty: started by its path
  std::string place;                   // its folder in the world; empty: wherever it lies
  std::string default_choice;          // stands in when nothing is given; empty: something must be
  std::vector<std::string> arguments;  // of the subject, after its program
  std::map<std::string, Choice> choices;
};

// One call to a fake that must have been made.
struct CallExpectation {
  std::string fake;
  std::string method;    // empty: any
  std::string path;      // of the target, without its query
  std::string contains;  // in the body; empty: anything
  nlohmann::json body;   // a part that the JSON body must hold; null: anything
};

struct ExitExpectation {
  int code = 0;
};
struct WithinExpectation {  // the subject's whole life
  double limit_ms = 0;
};
struct FirstOutputExpectation {  // its first byte of output or first call to a fake
  double limit_ms = 0;
};
struct StallExpectation {  // no quiet stretch of this length, even if it ended by itself
  double limit_ms = 0;
};

// What lies on the disk when the subject has ended.
struct TreeExpectation {
  bool as_archived = false;  // where archives of the storage fake say that they belong
  std::string at;            // otherwise: this folder holds
  nlohmann::json entries;    // these entries, as in an archive (fakes/archive.h)
  bool others_allowed = false;
  bool or_error = false;            // or the subject has failed, and has said something
  std::vector<ExpectedTree> trees;  // in a plan: what all of this comes to
};

struct Expectation {
  std::variant<ExitExpectation, WithinExpectation, FirstOutputExpectation, StallExpectation,
               CallExpectation, TreeExpectation>
      what;
  std::string otherwise;  // the reason of the failure, in the scenario's own words; may be empty
};

// A world of the variant's own: the scenario's, with what the variant changes.
struct VariantWorld {
  WorldSpec world;
  nlohmann::json fakes = nlohmann::json::object();
};

struct Variant {
  std::string name;
  std::map<std::string, std::string> use;  // role → choice
  std::optional<VariantWorld> world;       // none: the scenario's
};

struct CalibrationCase {
  std::string name;
  std::string variant;  // whose world; empty: the scenario's
  std::map<std::string, std::string> use;
  std::optional<VariantWorld> world;  // that world with what the case changes; none: nothing
  VerdictKind verdict = VerdictKind::kFail;
  std::optional<Cause> cause;  // what the diagnosis must name
};

// What is changed for the control: the same trial, with the suspected cause taken away.
struct ControlRule {
  std::string role;  // whose standard input then comes from /dev/null
};

struct Incident {
  std::string title;
  std::string began;
  std::string ended;
};

struct Scenario {
  std::string id;
  std::string component;
  Incident incident;
  std::string folder;   // where it was read from
  std::string subject;  // the role that the world starts
  std::map<std::string, Role> roles;
  WorldSpec world;  // without command and mounts, which the plan adds
  nlohmann::json fakes = nlohmann::json::object();
  double quiet_ms = 5'000;       // nothing has moved for so long: diagnose
  double deadline_ms = 120'000;  // the trial is ended, whatever it does
  std::vector<Variant> variants;
  std::vector<Expectation> expect;
  std::optional<ScheduleSettings> schedule;  // the fault; without it nothing is done to order
  std::optional<ControlRule> control;
  std::vector<CalibrationCase> calibration;
};

// The scenario with the world of the variant (an empty or unknown name leaves it as it is), or of
// the case.
Scenario in_variant(const Scenario& scenario, const std::string& variant);
Scenario in_case(const Scenario& scenario, const CalibrationCase& one);

// Errors carry the JSON pointer of what is wrong; who has the text turns it into a line.
Result<Scenario> scenario_from_json(const nlohmann::json& document);

}  // namespace relapse::model
