#pragma once
// What a deploy supplies: by name, whether it is set, empty or absent, and the line that does it.
// Never a value.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "supplied/job_run.h"

namespace relapse::env {

struct SuppliedName {
  std::string name;
  SupplyState state = SupplyState::kAbsent;
  std::string file;
  int line = 0;
  std::string how;      // "vercel --build-env", "npm's environment", ".env.production"
  std::string because;  // of an empty one: "vars.X is not defined"
  std::string leg;      // of a matrix, where the legs differ: the worst
  std::string value;    // to build with; never shown, in no form of the report
};

struct SuppliedCall {
  std::string tool;
  std::string step;
  std::string leg;
  std::string file;
  int line = 0;
};

struct SuppliedReport {
  std::vector<SuppliedName> names;  // sorted
  std::vector<SuppliedCall> calls;  // of tools that build or deploy; none: nothing can be said
  std::vector<JobNote> notes;

  const SuppliedName* find(const std::string& name) const;
};

model::Result<SuppliedReport> find_supplied(const JobRequest& request, CommandRunner& runner);

// The same over a job that was run; `request` for the values that it had. Pure but for a look at
// the folder of the calls.
SuppliedReport judge_supply(const JobReport& report, const JobRequest& request);

// What a build is given by it: what is absent is not there, what is empty is.
std::map<std::string, std::string> values_of(const SuppliedReport& report);

// --values: an object of vars, secrets, inputs, github, each an object.
model::Result<nlohmann::json> parse_values(const std::string& text, const std::string& file);

nlohmann::ordered_json to_json(const SuppliedReport& report);
std::string to_table(const SuppliedReport& report);

}  // namespace relapse::env
