#pragma once
// Scenarios on disk: finding, reading and checking them.

#include <string>
#include <vector>

#include "model/scenario.h"

namespace relapse::run {

// The project's folder: scenarios/, fixtures/. $RELAPSE_HOME, else the folder that the program
// was built from, else the nearest one above the program that holds scenarios/schema.json.
model::Result<std::string> find_project();

// The folders below PROJECT/scenarios that hold a scenario.json, sorted.
std::vector<std::string> list_scenarios(const std::string& project);

// `name` is an id, a folder, or a file. Errors carry file, line and the nearest valid name.
model::Result<model::Scenario> load_scenario(const std::string& project, const std::string& name);

// Reads, checks the fields, the whole, the variables, the fakes, and the schema. `schema_file`
// may be empty.
model::Result<model::Scenario> read_scenario_file(const std::string& file,
                                                  const std::string& schema_file);

// The same over a text; `file` names it in errors.
model::Result<model::Scenario> parse_scenario(const std::string& text, const std::string& file);

}  // namespace relapse::run
