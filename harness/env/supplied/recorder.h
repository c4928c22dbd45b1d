#pragma once
// Scripts of workflow steps, run in a world where the tools that build and deploy are stand-ins:
// each writes down how it was called, and succeeds.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builds/command_runner.h"
#include "supplied/package_scripts.h"
#include "supplied/supply.h"

namespace relapse::env {

struct StepScript {
  std::string text;
  std::string shell;   // as in a workflow: "bash", "sh", "python {0}"; empty: bash
  std::string folder;  // absolute
  std::map<std::string, std::string> env;
};

// What a step left behind.
struct StepEnd {
  bool ended = false;  // the world told its end; otherwise nothing else is known
  int exit_code = 0;
  std::string github_env;
  std::string github_output;
  std::string github_path;
  std::vector<RecordedCall> calls;
};

// The last of the scripts, with those before it done again first: files that they wrote are there,
// for each world is new. `base` is a folder of the world that is not there yet.
WorldCommand step_command(const std::vector<StepScript>& scripts,
                          const std::vector<std::string>& tools,
                          const std::vector<PackageScript>& packages, const std::string& root,
                          const std::string& base);

// Reads what the world of step_command() printed.
StepEnd parse_step_end(std::string_view output);

// NAME=VALUE lines and NAME<<END blocks, as in GITHUB_ENV and GITHUB_OUTPUT.
std::map<std::string, std::string> parse_github_file(std::string_view text);

}  // namespace relapse::env
