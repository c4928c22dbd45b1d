#pragma once
// A job of a workflow, done step by step with stand-ins for the tools that build and deploy: what
// these were given. Everything that decides about a value follows the service's own rules: which
// `env:` hides which, what a reusable workflow is handed, when an input takes its default.

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "supplied/supply.h"
#include "supplied/workflow.h"

namespace relapse::env {

// A text in which a name may be found: where a value comes from.
struct SourceText {
  enum class Kind {
    kWith,
    kScript,
    kEnv,
    kCalled,  // a file of the project that a step ran
  };
  Kind kind = Kind::kScript;
  std::string file;
  std::string name;  // of the entry; empty for a script
  std::string text;
  int line = 0;        // of the entry's key
  int first_line = 0;  // of the text
};

// A call that builds or deploys, with all that could have given it a value, inner things first.
struct BuildCall {
  RecordedCall call;
  CallFacts facts;
  std::string step;
  std::string file;
  int line = 0;  // of the step
  std::vector<SourceText> sources;
  std::map<std::string, std::string> step_env;  // what the step began with
};

struct JobLeg {
  std::string label;  // "node=20, os=linux"; empty without a matrix
  std::vector<BuildCall> calls;
};

struct JobNote {
  std::string file;
  int line = 0;
  std::string what;

  bool operator==(const JobNote&) const = default;
};

struct JobReport {
  std::vector<JobLeg> legs;
  std::vector<JobNote> notes;        // what could not be followed
  std::vector<std::string> missing;  // "vars.X": asked for, and not among the values given
};

struct JobRequest {
  std::string workflow;  // a file
  std::string job;
  nlohmann::json values = nlohmann::json::object();  // vars, secrets, inputs, github
  std::vector<std::string> tools;                    // besides those that are known
  std::string root;  // of the repository; empty: found from the workflow's place
  std::string base = "/tmp/relapse-recorder";  // in the world
};

model::Result<JobReport> run_job(const JobRequest& request, CommandRunner& runner);

// The folder above .github, else the one that holds .git, else the file's own.
std::string repository_of(const std::string& workflow);

// The legs of a matrix, each an object; one empty leg where there is no matrix.
model::Result<std::vector<nlohmann::json>> matrix_legs(const nlohmann::json& matrix);

}  // namespace relapse::env
