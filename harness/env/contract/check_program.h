#pragma once
// Commands of a contract that are tried as a whole: a program that must not start without a
// variable, and a development server that must.

#include <optional>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "contract/check_facts.h"
#include "model/redactor.h"

namespace relapse::env {

struct ProgramQuestion {
  std::vector<std::string> argv;
  std::string folder;
  Environment base;
  std::vector<model::WorldMount> mounts;
  Environment complete;               // with which it starts
  std::vector<std::string> required;  // names
  std::vector<std::string> secrets;
  double start_ms = 5'000;
  int jobs = 1;
};

// An error where it does not start with everything either: then nothing can be said.
model::Result<std::vector<RuntimeName>> try_program(const ProgramQuestion& question,
                                                    CommandRunner& runner);

struct DevQuestion {
  ContractDev dev;
  std::string label;  // for progress
  std::string node = "node";
  std::string driver;  // the folder of page_driver, whose starts.mjs waits for `dev.ready`
  std::string folder;
  Environment env;
  std::vector<model::WorldMount> mounts;
  std::vector<model::WorldFile> files;
  std::vector<std::string> secrets;
};

// In two halves, for who runs the command together with others. No outcome: it was not tried.
WorldCommand dev_command(const DevQuestion& question);
std::optional<DevOutcome> dev_outcome(const model::Observation& seen,
                                      const model::Redactor& redactor);

}  // namespace relapse::env
