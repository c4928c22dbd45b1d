#pragma once
// Commands of a contract that are tried as a whole: a program that must not start without a
// variable, and a development server that must.

#include <string>
#include <vector>

#include "env/check_judge.h"
#include "env/command_runner.h"

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

// `ready`: what it prints once it works; empty: it has to end with exit code 0.
struct DevQuestion {
  std::string command;  // a line for the shell
  std::string ready;
  double limit_ms = 60'000;
  std::string driver;  // the folder of page_driver, whose starts.mjs waits for `ready`
  std::string folder;
  Environment env;
  std::vector<model::WorldMount> mounts;
  std::vector<std::string> secrets;
};

model::Result<DevOutcome> try_dev(const DevQuestion& question, CommandRunner& runner);

}  // namespace relapse::env
