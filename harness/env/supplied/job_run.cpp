#include "supplied/job_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "model/nearest.h"
#include "os/files.h"
#include "supplied/call_files.h"
#include "supplied/expression.h"
#include "supplied/job_context.h"
#include "supplied/recorder.h"
#include "wanted/yaml_lines.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::json;

namespace {

// Reusable workflows within reusable workflows, actions within actions: the service allows ten.
constexpr int kDeepest = 10;
// A step that takes longer waits for something that is not there.
constexpr double kStepLimitMs = 30'000;

// Where steps run: a job, or an action that one of its steps uses.
struct Frame {
  json contexts = json::object();  // all but env
  Texts env;                       // of the process, before GITHUB_ENV and the step's own
  std::string shell;
  std::string folder;
  std::string action_folder;
  std::vector<SourceText> sources;  // of what is around the steps, inner things first
  bool in_action = false;
  int depth = 0;
};

// What steps of one leg leave to those after them.
struct LegState {
  Texts github_env;
  std::vector<std::string> paths;
  std::vector<StepScript> scripts;
  std::vector<SourceText> setters;  // scripts that wrote to GITHUB_ENV
  JobLeg leg;
  bool job_done = false;
};

class JobRunner {
 public:
  JobRunner(const JobRequest& request, CommandRunner& runner)
      : request_(request), runner_(runner) {}

  Result<JobReport> run() {
    auto text = os::read_file(request_.workflow);
    if (!text) {
      return Error{ErrorKind::kUsage, text.error().message};
    }
    root_ = request_.root.empty() ? repository_of(request_.workflow) : request_.root;
    packages_ = find_package_scripts(root_);
    auto workflow = parse_workflow(*text, relative(request_.workflow));
    if (!workflow) {
      return workflow.error();
    }
    const WorkflowJob* job = workflow->find(request_.job);
    if (job == nullptr) {
      std::vector<std::string> names;
      for (const auto& one : workflow->jobs) {
        names.push_back(one.id);
      }
      return Error{ErrorKind::kUsage,
                   fmt::format("{} has no job '{}'", workflow->file, request_.job),
                   model::suggestion(request_.job, names)};
    }
    json contexts = json::object();
    for (const char* name : {"vars", "secrets", "github"}) {
      contexts[name] = request_.values.value(name, json::object());
    }
    add_github(contexts["github"], root_, request_.job);
    contexts["inputs"] =
        inputs_of(workflow->inputs, request_.values.value("inputs", json::object()));
    RELAPSE_TRY(run_job_of(*workflow, *job, contexts, 0));
    return std::move(report_);
  }

 private:
  std::string relative(const std::string& path) const {
    std::error_code error;
    const fs::path full = fs::weakly_canonical(path, error);
    const fs::path inside = full.lexically_relative(root_);
    return inside.empty() || *inside.begin() == ".." ? path : inside.string();
  }

  void note(const std::string& file, int line, std::string what) {
    const JobNote one = {file, line, std::move(what)};
    if (std::find(report_.notes.begin(), report_.notes.end(), one) == report_.notes.end()) {
      report_.notes.push_back(one);
    }
  }

  void keep(const std::vector<std::string>& missing, const std::vector<std::string>& notes,
            const std::string& file, int line) {
    for (const auto& one : missing) {
      if (std::find(report_.missing.begin(), report_.missing.end(), one) == report_.missing.end()) {
        report_.missing.push_back(one);
      }
    }
    for (const auto& one : notes) {
      note(file, line, one);
    }
  }

  Error located(Error error, const std::string& file, int line) const {
    error.file = file;
    error.line = line;
    return error;
  }

  // All entries under one scope: an env map does not see itself.
  Result<Texts> resolve(const std::vector<WorkflowEntry>& entries, const ExpressionScope& scope,
                        const std::string& file) {
    Texts out;
    for (const auto& entry : entries) {
      auto text = interpolate(entry.text, scope);
      if (!text) {
        return located(text.error(), file, entry.first_line);
      }
      keep(text->missing, text->notes, file, entry.first_line);
      out[entry.name] = text->text;
    }
    return out;
  }

  Result<> run_job_of(const Workflow& workflow, const WorkflowJob& job, json contexts, int depth) {
    if (depth > kDeepest) {
      return Error{ErrorKind::kScenario, "reusable workflows call each other without end", "",
                   workflow.file, job.line};
    }
    if (!job.needs.empty()) {
      note(workflow.file, job.line,
           fmt::format("the jobs that '{}' needs are not run: their outputs count as empty",
                       job.id));
    }
    ExpressionScope scope{contexts};
    if (!job.condition.empty()) {
      auto wanted = evaluate_condition(job.condition, scope);
      if (!wanted) {
        return located(wanted.error(), workflow.file, job.line);
      }
      if (!*wanted) {
        note(workflow.file, job.line,
             fmt::format("'if' of the job '{}' is false with these values; it is looked at anyway",
                         job.id));
      }
    }
    auto matrix = matrix_of(workflow, job, scope);
    if (!matrix) {
      return matrix.error();
    }
    for (const auto& leg : *matrix) {
      contexts["matrix"] = leg;
      RELAPSE_TRY(run_leg(workflow, job, contexts, depth));
    }
    return model::Done{};
  }

  Result<std::vector<json>> matrix_of(const Workflow& workflow, const WorkflowJob& job,
                                      const ExpressionScope& scope) {
    if (!job.matrix || !job.matrix.IsDefined()) {
      return std::vector<json>{json::object()};
    }
    json matrix = to_json_value(job.matrix, 0);
    auto fill = [&](json& value) -> Result<> {  // ${{ fromJSON(…) }} may stand for any part
      if (value.is_string()) {
        auto filled = evaluate_text(value.get<std::string>(), scope);
        if (!filled) {
          return located(filled.error(), workflow.file, line_of_node(job.matrix));
        }
        value = filled->value;
      }
      return model::Done{};
    };
    RELAPSE_TRY(fill(matrix));
    for (auto& part : matrix) {
      RELAPSE_TRY(fill(part));
      if (part.is_array()) {
        for (auto& item : part) {
          RELAPSE_TRY(fill(item));
        }
      }
    }
    auto legs = matrix_legs(matrix);
    return legs ? legs : located(legs.error(), workflow.file, line_of_node(job.matrix));
  }

  Result<> run_leg(const Workflow& workflow, const WorkflowJob& job, const json& contexts,
                   int depth) {
    if (!job.uses.empty()) {
      return call_workflow(workflow, job, contexts, depth);
    }
    Frame frame;
    frame.contexts = contexts;
    frame.contexts["runner"] = {{"os", "Linux"}, {"arch", "X64"}, {"temp", "/tmp"}};
    frame.contexts["job"] = {{"status", "success"}};
    frame.contexts["steps"] = json::object();
    auto outer = resolve(workflow.env, {contexts}, workflow.file);
    if (!outer) {
      return outer.error();
    }
    auto inner = resolve(job.env, {contexts}, workflow.file);
    if (!inner) {
      return inner.error();
    }
    frame.env = std::move(*outer);
    lay_over(frame.env, *inner);
    frame.shell = job.shell.empty() ? workflow.shell : job.shell;
    frame.folder = job.folder.empty() ? workflow.folder : job.folder;
    frame.depth = depth;
    add_sources(frame.sources, SourceText::Kind::kEnv, job.env, workflow.file);
    add_sources(frame.sources, SourceText::Kind::kEnv, workflow.env, workflow.file);
    LegState state;
    const json matrix = contexts.value("matrix", json::object());
    for (const auto& [key, value] : matrix.items()) {
      state.leg.label +=
          fmt::format("{}{}={}", state.leg.label.empty() ? "" : ", ", key, to_text(value));
    }
    RELAPSE_TRY(run_steps(job.steps, frame, state));
    report_.legs.push_back(std::move(state.leg));
    return model::Done{};
  }

  // Neither the caller's env nor its secrets: only what it hands over.
  Result<> call_workflow(const Workflow& caller, const WorkflowJob& job, const json& contexts,
                         int depth) {
    if (!job.uses.starts_with("./")) {
      note(caller.file, job.line,
           fmt::format("{} is not in this repository: what it does is not known", job.uses));
      return model::Done{};
    }
    const std::string path = (fs::path(root_) / job.uses.substr(2)).string();
    auto text = os::read_file(path);
    if (!text) {
      return Error{ErrorKind::kScenario, text.error().message, "", caller.file, job.line};
    }
    auto called = parse_workflow(*text, relative(path));
    if (!called) {
      return called.error();
    }
    auto with = resolve(job.with, {contexts}, caller.file);
    if (!with) {
      return with.error();
    }
    auto secrets = resolve(job.secrets, {contexts}, caller.file);
    if (!secrets) {
      return secrets.error();
    }
    json inner = {{"vars", contexts["vars"]}, {"github", contexts["github"]}};
    inner["secrets"] = job.inherits_secrets ? contexts["secrets"] : to_object(*secrets);
    inner["inputs"] = inputs_of(called->inputs, to_object(*with));
    for (const auto& one : called->jobs) {
      RELAPSE_TRY(run_job_of(*called, one, inner, depth + 1));
    }
    return model::Done{};
  }

  Result<> run_steps(const std::vector<WorkflowStep>& steps, Frame& frame, LegState& state) {
    for (const auto& step : steps) {
      RELAPSE_TRY(run_step(step, frame, state));
    }
    return model::Done{};
  }

  Result<> run_step(const WorkflowStep& step, Frame& frame, LegState& state) {
    Texts env = frame.env;
    lay_over(env, state.github_env);
    ExpressionScope scope{frame.contexts};
    scope.contexts["env"] = to_object(env);
    if (!step.condition.empty()) {
      auto wanted = evaluate_condition(step.condition, scope);
      if (!wanted) {
        return located(wanted.error(), step.file, step.line);
      }
      if (!*wanted) {
        return model::Done{};
      }
    }
    auto own = resolve(step.env, scope, step.file);
    if (!own) {
      return own.error();
    }
    lay_over(env, *own);
    scope.contexts["env"] = to_object(env);
    std::vector<SourceText> sources;
    add_sources(sources, SourceText::Kind::kEnv, step.env, step.file);
    if (!step.run.empty()) {
      sources.push_back(
          {SourceText::Kind::kScript, step.file, "", step.run, step.run_line, step.run_line});
      return run_script(step, env, scope, std::move(sources), frame, state);
    }
    if (step.uses.starts_with("./")) {
      return use_action(step, env, scope, std::move(sources), frame, state);
    }
    if (!step.uses.empty()) {
      foreign_action(step, *own, scope, std::move(sources), frame, state);
    }
    return model::Done{};
  }

  Result<> use_action(const WorkflowStep& step, const Texts& env, const ExpressionScope& scope,
                      std::vector<SourceText> sources, Frame& frame, LegState& state) {
    if (frame.depth > kDeepest) {
      return Error{ErrorKind::kScenario, "actions use each other without end", "", step.file,
                   step.line};
    }
    const fs::path folder = (fs::path(root_) / step.uses.substr(2)).lexically_normal();
    auto action = read_action(folder, step);
    if (!action) {
      return action.error();
    }
    if (action->using_what != "composite") {
      note(step.file, step.line,
           fmt::format("{} is no composite action ({}): it is not run", step.uses,
                       action->using_what));
      return model::Done{};
    }
    auto given = resolve(step.with, scope, step.file);
    if (!given) {
      return given.error();
    }
    Frame inner;
    inner.contexts = frame.contexts;
    inner.contexts.erase("secrets");  // an action sees only what it is handed
    inner.contexts["steps"] = json::object();
    RELAPSE_TRY(fill_inputs(*action, *given, scope, inner.contexts["inputs"]));
    inner.env = env;
    inner.action_folder = folder.string();
    inner.in_action = true;
    inner.depth = frame.depth + 1;
    add_sources(inner.sources, SourceText::Kind::kWith, step.with, step.file);
    inner.sources.insert(inner.sources.end(), sources.begin(), sources.end());
    inner.sources.insert(inner.sources.end(), frame.sources.begin(), frame.sources.end());
    RELAPSE_TRY(run_steps(action->steps, inner, state));
    auto outputs = resolve(action->outputs, {inner.contexts}, action->file);
    if (!outputs) {
      return outputs.error();
    }
    add_outputs(step, to_object(*outputs), frame);
    return model::Done{};
  }

  // Names of inputs know no case; a default may hold an expression.
  Result<> fill_inputs(const CompositeAction& action, const Texts& given,
                       const ExpressionScope& scope, json& inputs) {
    inputs = json::object();
    for (const auto& [name, text] : given) {
      inputs[lower(name)] = text;
    }
    for (const auto& input : action.inputs) {
      if (inputs.contains(lower(input.name))) {
        continue;
      }
      auto text = interpolate(input.fallback.value_or(""), scope);
      if (!text) {
        return located(text.error(), action.file, input.line);
      }
      inputs[lower(input.name)] = text->text;
    }
    return model::Done{};
  }

  Result<CompositeAction> read_action(const fs::path& folder, const WorkflowStep& step) const {
    for (const char* name : {"action.yml", "action.yaml"}) {
      std::error_code error;
      if (fs::exists(folder / name, error)) {
        auto text = os::read_file(folder / name);
        return text ? parse_action(*text, relative(folder / name))
                    : Result<CompositeAction>(text.error());
      }
    }
    return Error{ErrorKind::kScenario, fmt::format("there is no action in {}", step.uses),
                 "a path of an action counts from the repository's root", step.file, step.line};
  }

  static void add_outputs(const WorkflowStep& step, const json& outputs, Frame& frame) {
    if (!step.id.empty()) {
      frame.contexts["steps"][step.id] = {
          {"outputs", outputs}, {"outcome", "success"}, {"conclusion", "success"}};
    }
  }

  Result<> run_script(const WorkflowStep& step, const Texts& env, const ExpressionScope& scope,
                      std::vector<SourceText> sources, Frame& frame, LegState& state) {
    auto text = interpolate(step.run, scope);
    if (!text) {
      return located(text.error(), step.file, step.run_line);
    }
    keep(text->missing, text->notes, step.file, step.run_line);
    auto folder = interpolate(step.folder.empty() ? frame.folder : step.folder, scope);
    StepScript script;
    script.text = text->text;
    script.shell = step.shell.empty() ? frame.shell : step.shell;
    script.folder = (fs::path(root_) / (folder ? folder->text : "")).lexically_normal().string();
    script.env = process_env(env, frame.contexts.value("github", json::object()),
                             frame.action_folder, state.paths);
    state.scripts.push_back(std::move(script));
    auto end = run_world(step, state);
    if (!end) {
      return end.error();
    }
    if (!end->github_env.empty()) {
      lay_over(state.github_env, parse_github_file(end->github_env));
      state.setters.push_back(sources.back());
    }
    for (std::string path; const auto& c : end->github_path + "\n") {
      if (c == '\n' && !path.empty()) {
        state.paths.insert(state.paths.begin(), std::exchange(path, ""));
      } else if (c != '\n') {
        path += c;
      }
    }
    add_outputs(step, to_object(parse_github_file(end->github_output)), frame);
    sources.insert(sources.end(), frame.sources.begin(), frame.sources.end());
    sources.insert(sources.end(), state.setters.begin(), state.setters.end());
    add_calls(std::move(end->calls), step, sources, state);
    return model::Done{};
  }

  // What a file of the project says comes before the workflow: it is nearer to the call.
  void add_calls(std::vector<RecordedCall> calls, const WorkflowStep& step,
                 const std::vector<SourceText>& around, LegState& state) {
    for (auto& [call, facts] : building_calls(std::move(calls), request_.tools, request_.base)) {
      auto sources = files_around(call, root_, request_.base, packages_);
      sources.insert(sources.end(), around.begin(), around.end());
      state.leg.calls.push_back({std::move(call), std::move(facts), step.label(), step.file,
                                 step.line, std::move(sources), state.scripts.back().env});
    }
  }

  Result<StepEnd> run_world(const WorkflowStep& step, const LegState& state) {
    std::vector<std::string> tools = deploying_tools();
    tools.insert(tools.end(), inert_tools().begin(), inert_tools().end());
    tools.insert(tools.end(), request_.tools.begin(), request_.tools.end());
    std::sort(tools.begin(), tools.end());
    tools.erase(std::unique(tools.begin(), tools.end()), tools.end());
    WorldCommand command = step_command(state.scripts, tools, packages_, root_, request_.base);
    command.label = step.label();
    command.deadline_ms = kStepLimitMs;
    add_secrets(request_.values, command.secrets);
    auto seen = runner_.run({command}, 1);
    if (!seen) {
      return seen.error();
    }
    const auto& one = seen->front();
    if (one.end == model::TrialEnd::kSetupFailed) {
      return one.error;
    }
    const StepEnd end = parse_step_end(one.output_tail);
    if (!end.ended) {
      note(step.file, step.line,
           fmt::format("the step '{}' did not end within {:.0f} s", step.label(),
                       kStepLimitMs / 1000));
    } else if (end.exit_code != 0) {
      note(step.file, step.line,
           fmt::format(
               "the step '{}' ended with exit code {} among stand-ins; gone on with the next",
               step.label(), end.exit_code));
    }
    return end;
  }

  // An action of somebody else's cannot be run here; what it is handed can be read.
  void foreign_action(const WorkflowStep& step, const Texts& own, const ExpressionScope& scope,
                      std::vector<SourceText> sources, Frame& frame, LegState& state) {
    add_outputs(step, json::object(), frame);
    std::string name = step.uses.substr(0, step.uses.find('@'));
    const bool of_service = name.starts_with("actions/") || name.find("setup") != std::string::npos;
    if (of_service) {
      return;
    }
    auto given = resolve(step.with, scope, step.file);
    RecordedCall call;
    call.argv = {name};
    CallFacts facts;
    facts.tool = name;
    facts.mode = "production";
    for (const auto& [input, text] : given ? *given : Texts{}) {
      for (const auto& [key, value] : parse_github_file(text)) {
        if (text.find('\n') != std::string::npos || input.find("env") != std::string::npos ||
            input.find("args") != std::string::npos) {
          facts.named[key] = value;
        }
      }
    }
    facts.builds = !facts.named.empty() || !own.empty();
    facts.env_reaches = !own.empty();
    call.env = own;
    note(
        step.file, step.line,
        fmt::format("{} is not in this repository: what it does with its inputs is a guess", name));
    add_sources(sources, SourceText::Kind::kWith, step.with, step.file);
    sources.insert(sources.end(), frame.sources.begin(), frame.sources.end());
    if (facts.builds) {
      state.leg.calls.push_back({std::move(call), std::move(facts), step.label(), step.file,
                                 step.line, std::move(sources), own});
    }
  }

  const JobRequest& request_;
  CommandRunner& runner_;
  std::string root_;
  std::vector<PackageScript> packages_;
  JobReport report_;
};

}  // namespace

Result<JobReport> run_job(const JobRequest& request, CommandRunner& runner) {
  return JobRunner(request, runner).run();
}

}  // namespace relapse::env
