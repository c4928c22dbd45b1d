#pragma once
// From a scenario and its resolved subjects to plans. Pure: looks at no file and no kernel.

#include <cstdint>
#include <map>
#include <string>

#include "model/plan.h"
#include "model/scenario.h"
#include "scenario/subjects.h"

namespace relapse::run {

// What of the host the plan may count on; found once by the caller.
struct HostTools {
  std::string node;  // absolute path, links followed; empty when there is none
};

// What texts of a plan may refer to, as ${name}; and a text with these filled in, where a name
// that is not among them stays as it is.
using Variables = std::map<std::string, std::string>;
std::string expand(const std::string& text, const Variables& variables,
                   std::string* unknown = nullptr);

// Where the fakes will be: NAME.port and NAME.url for each.
Variables fake_variables(const nlohmann::json& fakes);
// Names them and gives each its port.
void place_fakes(const nlohmann::json& fakes, model::TrialPlan& plan);

// An unknown ${variable} anywhere in the scenario, as an error with its pointer.
model::Result<> check_variables(const model::Scenario& scenario, const nlohmann::json& document);

// What the expectations need of the fakes, in every variant.
model::Result<> check_trees(const model::Scenario& scenario);

// `subjects` by role: every role of the scenario, none of them missing.
model::Result<model::TrialPlan> make_plan(const model::Scenario& scenario,
                                          const std::string& variant,
                                          const std::map<std::string, ResolvedSubject>& subjects,
                                          const HostTools& tools, std::uint64_t seed);

// The same trial with one thing taken away: the standard input of the scenario's control role.
// nullopt where the scenario has none, or that role is not called by name.
std::optional<model::TrialPlan> make_control(const model::Scenario& scenario,
                                             const model::TrialPlan& plan);

}  // namespace relapse::run
