#pragma once
// GitHub workflows and composite actions as they are written, with the line of each thing: texts
// still hold their ${{ }}.

#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::env {

// NAME: text, of `env:`, `with:`, `outputs:`.
struct WorkflowEntry {
  std::string name;
  std::string text;
  int line = 0;        // of the key
  int first_line = 0;  // of the text: below the "|" of a block
};

struct WorkflowStep {
  std::string file;  // that it stands in, as given to the reader
  int line = 0;
  std::string id;
  std::string name;
  std::string condition;
  std::string uses;
  std::string run;
  int run_line = 0;
  std::string shell;
  std::string folder;  // working-directory
  std::vector<WorkflowEntry> env;
  std::vector<WorkflowEntry> with;
  bool continue_on_error = false;

  // For people: the name, else what it runs.
  std::string label() const;
};

struct WorkflowInput {
  std::string name;
  std::optional<std::string> fallback;
  bool is_boolean = false;
  int line = 0;
};

struct WorkflowJob {
  std::string id;
  int line = 0;
  std::string condition;
  std::string uses;  // a reusable workflow
  std::vector<WorkflowEntry> with;
  std::vector<WorkflowEntry> secrets;
  bool inherits_secrets = false;
  std::vector<std::string> needs;
  std::vector<WorkflowEntry> env;
  std::vector<WorkflowEntry> outputs;
  std::vector<WorkflowStep> steps;
  std::string shell;
  std::string folder;
  YAML::Node matrix;  // as it is written; undefined without one
};

struct Workflow {
  std::string file;
  std::string text;
  std::vector<WorkflowEntry> env;
  std::vector<WorkflowInput> inputs;  // of workflow_call and workflow_dispatch
  std::string shell;
  std::string folder;
  std::vector<WorkflowJob> jobs;

  const WorkflowJob* find(const std::string& job) const;
};

struct CompositeAction {
  std::string file;
  std::string text;
  std::string using_what;  // "composite", "node20", "docker"
  std::vector<WorkflowInput> inputs;
  std::vector<WorkflowEntry> outputs;
  std::vector<WorkflowStep> steps;
};

// Errors name the file, the line and what is wrong.
model::Result<Workflow> parse_workflow(const std::string& text, const std::string& file);
model::Result<CompositeAction> parse_action(const std::string& text, const std::string& file);

}  // namespace relapse::env
