#pragma once
// A scenario to begin with: it is well formed, runs, and is calibrated by specimens of its own.

#include <string>

#include "model/result.h"

namespace relapse::run {

struct NewScenario {
  std::string id;         // lower case letters, digits and dashes: the folder's name
  std::string title;      // of the incident
  std::string component;  // the part of the product that failed
};

// Makes PROJECT/scenarios/ID with scenario.json, README.md and two specimens, all or nothing, and
// returns the folder. An error where there is such a folder already, or no folder can be so called.
model::Result<std::string> make_scenario(const std::string& project, const NewScenario& wanted);

}  // namespace relapse::run
