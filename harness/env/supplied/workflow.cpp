#include "supplied/workflow.h"

#include <fmt/format.h>

#include "wanted/yaml_lines.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

struct Source {
  const std::string& text;
  const std::string& file;

  Error error(const YAML::Node& node, std::string message, std::string remedy = "") const {
    return {ErrorKind::kScenario, std::move(message), std::move(remedy), file, line_of_node(node)};
  }
};

// A mapping without aliases of itself; yaml-cpp gives a node for what is not there.
YAML::Node member(const YAML::Node& node, const char* name) {
  return node.IsMap() ? node[name] : YAML::Node(YAML::NodeType::Undefined);
}

std::vector<WorkflowEntry> entries(const YAML::Node& node, const Source& source) {
  std::vector<WorkflowEntry> out;
  if (!node.IsDefined() || !node.IsMap()) {
    return out;
  }
  for (const auto& item : node) {
    out.push_back({text_of(item.first), text_of(item.second), line_of_node(item.first),
                   first_line_of(item.second, source.text)});
  }
  return out;
}

// outputs: {name: {value: …}} of actions and reusable workflows.
std::vector<WorkflowEntry> output_entries(const YAML::Node& node, const Source& source) {
  std::vector<WorkflowEntry> out;
  if (!node.IsDefined() || !node.IsMap()) {
    return out;
  }
  for (const auto& item : node) {
    const YAML::Node value = item.second.IsMap() ? member(item.second, "value") : item.second;
    out.push_back({text_of(item.first), value.IsDefined() ? text_of(value) : "",
                   line_of_node(item.first), first_line_of(item.second, source.text)});
  }
  return out;
}

std::vector<std::string> words(const YAML::Node& node) {
  std::vector<std::string> out;
  if (!node.IsDefined()) {
    return out;
  }
  if (node.IsScalar()) {
    out.push_back(node.Scalar());
  } else if (node.IsSequence()) {
    for (const auto& item : node) {
      out.push_back(text_of(item));
    }
  }
  return out;
}

Result<WorkflowStep> read_step(const YAML::Node& node, const Source& source) {
  if (!node.IsMap()) {
    return source.error(node, "a step must be a mapping");
  }
  WorkflowStep step;
  step.file = source.file;
  step.line = line_of_node(node);
  step.id = text_of(member(node, "id"));
  step.name = text_of(member(node, "name"));
  step.condition = text_of(member(node, "if"));
  step.uses = text_of(member(node, "uses"));
  step.shell = text_of(member(node, "shell"));
  step.folder = text_of(member(node, "working-directory"));
  step.env = entries(member(node, "env"), source);
  step.with = entries(member(node, "with"), source);
  step.continue_on_error = text_of(member(node, "continue-on-error")) == "true";
  if (const YAML::Node run = member(node, "run"); run.IsDefined()) {
    step.run = text_of(run);
    step.run_line = first_line_of(run, source.text);
  }
  return step;
}

Result<std::vector<WorkflowStep>> read_steps(const YAML::Node& node, const Source& source) {
  std::vector<WorkflowStep> steps;
  if (node.IsDefined() && !node.IsSequence()) {
    return source.error(node, "'steps' must be a list");
  }
  for (const auto& item : node) {
    auto step = read_step(item, source);
    if (!step) {
      return step.error();
    }
    steps.push_back(std::move(*step));
  }
  return steps;
}

std::vector<WorkflowInput> read_inputs(const YAML::Node& node) {
  std::vector<WorkflowInput> out;
  if (!node.IsDefined() || !node.IsMap()) {
    return out;
  }
  for (const auto& item : node) {
    WorkflowInput input;
    input.name = text_of(item.first);
    input.line = line_of_node(item.first);
    if (const YAML::Node fallback = member(item.second, "default"); fallback.IsDefined()) {
      input.fallback = text_of(fallback);
    }
    input.is_boolean = text_of(member(item.second, "type")) == "boolean";
    out.push_back(std::move(input));
  }
  return out;
}

void read_defaults(const YAML::Node& node, std::string& shell, std::string& folder) {
  const YAML::Node defaults = member(node, "defaults");
  if (!defaults.IsDefined()) {
    return;
  }
  const YAML::Node run = member(defaults, "run");
  if (run.IsDefined()) {
    shell = text_of(member(run, "shell"));
    folder = text_of(member(run, "working-directory"));
  }
}

Result<WorkflowJob> read_job(const std::string& id, int line, const YAML::Node& node,
                             const Source& source) {
  if (!node.IsMap()) {
    return source.error(node, fmt::format("the job '{}' must be a mapping", id));
  }
  WorkflowJob job;
  job.id = id;
  job.line = line;
  job.condition = text_of(member(node, "if"));
  job.uses = text_of(member(node, "uses"));
  job.with = entries(member(node, "with"), source);
  job.secrets = entries(member(node, "secrets"), source);
  job.inherits_secrets = text_of(member(node, "secrets")) == "inherit";
  job.needs = words(member(node, "needs"));
  job.env = entries(member(node, "env"), source);
  job.outputs = output_entries(member(node, "outputs"), source);
  read_defaults(node, job.shell, job.folder);
  if (const YAML::Node strategy = member(node, "strategy"); strategy.IsDefined()) {
    if (const YAML::Node matrix = member(strategy, "matrix"); matrix.IsDefined()) {
      job.matrix = matrix;
    }
  }
  auto steps = read_steps(member(node, "steps"), source);
  if (!steps) {
    return steps.error();
  }
  job.steps = std::move(*steps);
  return job;
}

Result<Workflow> read_workflow(const YAML::Node& root, const Source& source) {
  Workflow out;
  out.file = source.file;
  out.text = source.text;
  const YAML::Node jobs = member(root, "jobs");
  if (!jobs.IsDefined() || !jobs.IsMap()) {
    return source.error(root, "this is no workflow: it has no 'jobs'");
  }
  out.env = entries(member(root, "env"), source);
  read_defaults(root, out.shell, out.folder);
  if (const YAML::Node on = member(root, "on"); on.IsDefined() && on.IsMap()) {
    for (const char* trigger : {"workflow_call", "workflow_dispatch"}) {
      const YAML::Node how = member(on, trigger);
      if (how.IsDefined()) {
        const auto inputs = read_inputs(member(how, "inputs"));
        out.inputs.insert(out.inputs.end(), inputs.begin(), inputs.end());
      }
    }
  }
  for (const auto& item : jobs) {
    auto job = read_job(text_of(item.first), line_of_node(item.first), item.second, source);
    if (!job) {
      return job.error();
    }
    out.jobs.push_back(std::move(*job));
  }
  return out;
}

Result<CompositeAction> read_action(const YAML::Node& root, const Source& source) {
  CompositeAction out;
  out.file = source.file;
  out.text = source.text;
  const YAML::Node runs = member(root, "runs");
  if (!runs.IsDefined() || !runs.IsMap()) {
    return source.error(root, "this is no action: it has no 'runs'");
  }
  out.using_what = text_of(member(runs, "using"));
  out.inputs = read_inputs(member(root, "inputs"));
  out.outputs = output_entries(member(root, "outputs"), source);
  auto steps = read_steps(member(runs, "steps"), source);
  if (!steps) {
    return steps.error();
  }
  out.steps = std::move(*steps);
  return out;
}

// yaml-cpp throws where a node is asked for what it is not.
template <typename T>
Result<T> parse(const std::string& text, const std::string& file,
                Result<T> (*read)(const YAML::Node&, const Source&)) {
  auto root = parse_yaml(text, file);
  if (!root) {
    return root.error();
  }
  try {
    return read(*root, {text, file});
  } catch (const YAML::Exception& e) {
    return Error{ErrorKind::kScenario, fmt::format("not what was expected: {}", e.msg), "", file,
                 e.mark.line + 1};
  }
}

}  // namespace

std::string WorkflowStep::label() const {
  if (!name.empty()) {
    return name;
  }
  return uses.empty() ? run.substr(0, run.find('\n')) : uses;
}

const WorkflowJob* Workflow::find(const std::string& job) const {
  for (const auto& one : jobs) {
    if (one.id == job) {
      return &one;
    }
  }
  return nullptr;
}

Result<Workflow> parse_workflow(const std::string& text, const std::string& file) {
  return parse<Workflow>(text, file, read_workflow);
}

Result<CompositeAction> parse_action(const std::string& text, const std::string& file) {
  return parse<CompositeAction>(text, file, read_action);
}

}  // namespace relapse::env
