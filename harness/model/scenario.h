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
#include "model/syscall_error.h"
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
  std::vector<std::string> patches;  // of a project: made to a copy of it, in their order
};

// A part that programs play in the scenario: "runner", "agent".
struct Role {
  std::string command;                 // called by this name on PATH; empty: started by its path
  std::string place;                   // its folder in the world; empty: wherever it lies
  std::string default_choice;          // stands in when nothing is given; empty: something must be
  std::vector<std::string> arguments;  // of the subject, after its program
  std::map<std::string, Choice> choices;
  bool is_project = false;  // played by a folder that is built, and not by a program
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
// A step has succeeded.
struct StepExpectation {
  std::string step;
  std::string prints;  // and has printed this; empty: anything
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
               CallExpectation, TreeExpectation, StepExpectation>
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
  std::string step;            // at which it must fail; empty: wherever
};

// What is done with a project, in worlds of their own, one after the other; a step that does not
// succeed is the last.
struct Step {
  // Of a project's contract (relapse.env.json): what its deploy step supplies, whether the page
  // that comes of it works, whether the build refuses without what is required, whether
  // development starts without it.
  enum class Check { kNone, kSupplied, kPage, kGuard, kDev };
  std::string name;
  std::string run;             // a line for the shell, in the project's folder
  bool clean = false;          // in an empty folder instead, without the project
  std::string keep;            // a folder of the world that later steps find at the same place
  Check check = Check::kNone;  // instead of a line
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
  std::vector<Step> steps;  // where the subject is a project
  std::vector<Expectation> expect;
  std::optional<SyscallErrorSettings> syscall_error;
  std::optional<ScheduleSettings> schedule;  // the fault; without it nothing is done to order
  std::optional<ControlRule> control;
  std::vector<CalibrationCase> calibration;
};

// The scenario with the world of the variant (an empty or unknown name leaves it as it is), or of
// the case.
Scenario in_variant(const Scenario& scenario, const std::string& variant);
Scenario in_case(const Scenario& scenario, const CalibrationCase& one);

bool is_of_project(const Scenario& scenario);

// "steps" of a scenario, and what the whole of it must be where there are some.
Result<std::vector<Step>> steps_from_json(const nlohmann::json& value, const std::string& place);
Result<> check_steps(const Scenario& scenario);
std::string_view to_word(Step::Check check);

// Errors carry the JSON pointer of what is wrong; who has the text turns it into a line.
Result<Scenario> scenario_from_json(const nlohmann::json& document);

}  // namespace relapse::model
