#include "contract/check_program.h"

#include <fmt/format.h>

#include "builds/build_text.h"
#include "knockout/knockout_judge.h"

namespace relapse::env {

using model::Observation;
using model::TrialEnd;

namespace {

WorldCommand command_of(const ProgramQuestion& question, const Environment& env,
                        std::string label) {
  WorldCommand command;
  command.label = std::move(label);
  command.argv = question.argv;
  command.folder = question.folder;
  command.env = question.base;
  for (const auto& [name, value] : env) {
    command.env[name] = value;
  }
  command.mounts = question.mounts;
  command.secrets = question.secrets;
  command.deadline_ms = question.start_ms;
  return command;
}

// It lives on until its time is up, or has done its work.
bool starts(const Observation& seen) {
  if (seen.end == TrialEnd::kDeadline || seen.end == TrialEnd::kHang) {
    return true;
  }
  return seen.end == TrialEnd::kExited && !seen.signaled && seen.exit_code == 0;
}

StartWithout refusal_of(const Observation& seen, const std::string& name) {
  const std::string output = plain_text(seen.output_tail);
  return {!starts(seen), names_word(output, name), telling_line(output)};
}

}  // namespace

model::Result<std::vector<RuntimeName>> try_program(const ProgramQuestion& question,
                                                    CommandRunner& runner) {
  std::vector<WorldCommand> commands = {
      command_of(question, question.complete, "start with everything")};
  for (const auto& name : question.required) {
    commands.push_back(command_of(question, without(question.complete, name, Lack::kUnset),
                                  "start without " + name));
    commands.push_back(command_of(question, without(question.complete, name, Lack::kEmpty),
                                  "start with an empty " + name));
  }
  auto seen = runner.run(commands, question.jobs);
  if (!seen) {
    return seen.error();
  }
  const Observation& reference = seen->front();
  if (reference.end == TrialEnd::kSetupFailed) {
    return reference.error;
  }
  if (!starts(reference)) {
    return model::Error{
        model::ErrorKind::kUnavailable,
        fmt::format("{} does not start with everything that the contract names: {}",
                    question.argv.front(), telling_line(plain_text(reference.output_tail))),
        "give a 'sample' of each variable with which it starts"};
  }
  std::vector<RuntimeName> out;
  for (size_t i = 0; i < question.required.size(); ++i) {
    RuntimeName name;
    name.name = question.required[i];
    name.unset = refusal_of((*seen)[1 + 2 * i], name.name);
    name.empty = refusal_of((*seen)[2 + 2 * i], name.name);
    out.push_back(std::move(name));
  }
  return out;
}

namespace {

// Beside the command's own limit: node's start, and the world's.
constexpr double kSlackMs = 20'000;

}  // namespace

WorldCommand dev_command(const DevQuestion& question) {
  WorldCommand command;
  command.label = question.label;
  command.argv = {question.node, question.driver + "/starts.mjs",
                  fmt::format("{:.0f}", question.dev.limit_ms), question.dev.ready,
                  question.dev.command};
  command.folder = question.folder;
  command.env = question.env;
  command.mounts = question.mounts;
  command.mounts.push_back({question.driver, question.driver, false});
  command.files = question.files;
  command.secrets = question.secrets;
  command.deadline_ms = question.dev.limit_ms + kSlackMs;
  return command;
}

std::optional<DevOutcome> dev_outcome(const Observation& seen, const model::Redactor& redactor) {
  if (seen.end == TrialEnd::kSetupFailed || seen.end == TrialEnd::kInterrupted) {
    return std::nullopt;
  }
  return DevOutcome{passes(seen), telling_line(redactor.clean(plain_text(seen.output_tail)))};
}

}  // namespace relapse::env
