#include "project/project_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "builds/build_setup.h"
#include "builds/build_text.h"
#include "contract/contract_question.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Error;
using model::Observation;
using model::Result;
using model::Step;
using model::StepExpectation;
using model::TrialEnd;
using model::Verdict;
using model::VerdictKind;

namespace {

// In a clean world nothing of the user's is there, tools' caches neither.
constexpr const char* kCleanHome = "/tmp/home";

// A variant's name as a folder's.
std::string file_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '-');
  return name;
}

env::ContractPart part_of(Step::Check check) {
  switch (check) {
    case Step::Check::kPage:
      return env::ContractPart::kPage;
    case Step::Check::kGuard:
      return env::ContractPart::kGuard;
    case Step::Check::kDev:
      return env::ContractPart::kDev;
    case Step::Check::kSupplied:
    case Step::Check::kNone:
      break;
  }
  return env::ContractPart::kSupplied;
}

}  // namespace

Result<std::unique_ptr<ProjectTrial>> ProjectTrial::start(const model::Scenario& scenario,
                                                          const std::string& name,
                                                          const std::string& folder,
                                                          const std::vector<std::string>& patches,
                                                          const ProjectTools& tools,
                                                          env::CommandRunner& runner) {
  auto scratch = os::ScratchFolder::make();
  if (!scratch) {
    return scratch.error();
  }
  auto view = open_project(folder, patches, scratch->path());
  if (!view) {
    return view.error();
  }
  std::error_code error;
  fs::create_directory(scratch->path() + "/clean", error);
  if (error) {
    return model::system_error("mkdir " + scratch->path() + "/clean", error.value());
  }
  std::unique_ptr<ProjectTrial> trial(
      new ProjectTrial(scenario, tools, runner, *std::move(scratch)));
  trial->name_ = name;
  trial->view_ = *std::move(view);
  return trial;
}

std::string ProjectTrial::kept_copy(const Step& step) const {
  return fmt::format("{}/kept-{}", scratch_.path(), &step - scenario_.steps.data());
}

env::WorldCommand ProjectTrial::command_of(const Step& step) const {
  const std::string folder = step.clean ? scratch_.path() + "/clean" : view_.folder;
  const auto setup = env::prepare_build(folder, tools_.caller, {}, {});
  env::WorldCommand command;
  command.label = fmt::format("{} · {} · {}", scenario_.id, name_, step.name);
  command.argv = {"/bin/sh", "-c", step.run};
  command.folder = folder;
  command.env = setup.base;
  command.mounts = setup.mounts;
  if (step.clean) {
    command.env["HOME"] = kCleanHome;
  } else {
    command.argv = env::begin_clean(command.argv, setup.clean.remove, setup.clean.outputs);
    command.files = view_.changes;
  }
  for (size_t i = 0; i < at_; ++i) {
    const Step& earlier = scenario_.steps[i];
    if (!earlier.keep.empty()) {
      command.mounts.push_back({kept_copy(earlier), earlier.keep, true});
    }
  }
  if (!step.keep.empty()) {
    command.collect = {{step.keep, kept_copy(step)}};
  }
  command.deadline_ms = scenario_.deadline_ms;
  return command;
}

// Checks that stand together are made together: they share builds.
Result<> ProjectTrial::begin_checks() {
  std::set<env::ContractPart> parts;
  for (size_t i = at_; i < scenario_.steps.size() && scenario_.steps[i].check != Step::Check::kNone;
       ++i) {
    parts.insert(part_of(scenario_.steps[i].check));
  }
  const std::string scratch = scratch_.path() + "/checks";
  std::error_code error;
  fs::create_directory(scratch, error);
  if (error) {
    return model::system_error("mkdir " + scratch, error.value());
  }
  const env::ContractPlace place{view_.folder, view_.sources, view_.changes};
  auto contract = env::contract_of(place);
  if (!contract) {
    return contract.error();
  }
  auto question =
      env::ask_contract(place, *contract, tools_.caller, tools_.page_driver, scratch, runner_);
  if (!question) {
    return question.error();
  }
  question->label = fmt::format("{} · {}", scenario_.id, name_);
  if (!tools_.pictures.empty()) {
    question->screenshots =
        fmt::format("{}/{}/{}", tools_.pictures, scenario_.id, file_name(name_));
  }
  secrets_ = question->secrets;
  checks_ = std::make_unique<env::ContractTrial>(*std::move(question), std::move(parts));
  return model::Done{};
}

void ProjectTrial::end_checks() {
  while (!over_ && at_ < scenario_.steps.size() &&
         scenario_.steps[at_].check != Step::Check::kNone) {
    const Step& step = scenario_.steps[at_];
    const auto end = checks_->end_of(part_of(step.check));
    end_step({step.name, end.verdict.kind, end.verdict.reason, end.output});
  }
  checks_.reset();
}

std::vector<env::WorldCommand> ProjectTrial::next() {
  while (!over_ && at_ < scenario_.steps.size()) {
    const Step& step = scenario_.steps[at_];
    if (step.check == Step::Check::kNone) {
      return {command_of(step)};
    }
    if (!checks_) {
      if (auto begun = begin_checks(); !begun) {
        const bool absent = begun.error().kind == model::ErrorKind::kUnavailable;
        end_step({step.name, absent ? VerdictKind::kInconclusive : VerdictKind::kError,
                  begun.error().text(), ""});
        break;
      }
    }
    auto commands = checks_->next();
    if (!commands.empty()) {
      return commands;
    }
    end_checks();
  }
  return {};
}

void ProjectTrial::end_step(StepEnd end) {
  over_ = end.kind != VerdictKind::kPass;
  ended_.push_back(std::move(end));
  ++at_;
}

void ProjectTrial::take_run(const Step& step, const Observation& seen) {
  StepEnd end{step.name, VerdictKind::kPass, "", env::plain_text(seen.output_tail)};
  if (seen.end == TrialEnd::kSetupFailed) {
    end.kind = seen.error.kind == model::ErrorKind::kUnavailable ? VerdictKind::kInconclusive
                                                                 : VerdictKind::kError;
    end.reason = seen.error.text();
  } else if (seen.end == TrialEnd::kInterrupted) {
    end.kind = VerdictKind::kInconclusive;
    end.reason = "interrupted";
  } else if (seen.end != TrialEnd::kExited) {
    end.kind = VerdictKind::kInconclusive;
    end.reason =
        fmt::format("{} came to no end within {:.0f} s", step.name, scenario_.deadline_ms / 1000);
  } else if (seen.signaled || seen.exit_code != 0) {
    end.kind = VerdictKind::kFail;
    end.reason =
        fmt::format("{} failed with {} {}: {}", step.name, seen.signaled ? "signal" : "exit code",
                    seen.exit_code, env::telling_line(end.output));
  } else if (!step.keep.empty() && !seen.trees.contains(step.keep)) {
    end.kind = VerdictKind::kFail;
    end.reason = fmt::format("{} has made no {}", step.name, step.keep);
  }
  end_step(std::move(end));
}

void ProjectTrial::take(const std::vector<Observation>& seen) {
  for (const auto& one : seen) {
    duration_ms_ += one.duration_ms;
  }
  if (checks_) {
    checks_->take(seen);
  } else {
    take_run(scenario_.steps[at_], seen.front());
  }
}

const ProjectTrial::StepEnd* ProjectTrial::find(const std::string& step) const {
  auto found =
      std::find_if(ended_.begin(), ended_.end(), [&](const auto& end) { return end.name == step; });
  return found == ended_.end() ? nullptr : &*found;
}

// A step that was not made failed by the one that came to an end before it.
Verdict ProjectTrial::judge(const StepExpectation& wanted) const {
  const StepEnd* end = find(wanted.step);
  if (end == nullptr) {
    end = &ended_.back();
  }
  if (end->kind == VerdictKind::kPass && !wanted.prints.empty() &&
      end->output.find(wanted.prints) == std::string::npos) {
    return {VerdictKind::kFail, fmt::format("{} did not print '{}'", wanted.step, wanted.prints)};
  }
  return {end->kind, end->reason};
}

ProjectOutcome ProjectTrial::outcome() const {
  ProjectOutcome outcome;
  outcome.duration_ms = duration_ms_;
  outcome.notes = notes_;
  outcome.output_tail = ended_.empty() ? "" : ended_.back().output;
  outcome.verdict = {VerdictKind::kPass, ""};
  for (const auto& expectation : scenario_.expect) {
    const auto& wanted = std::get<StepExpectation>(expectation.what);
    auto verdict =
        ended_.empty() ? Verdict{VerdictKind::kInconclusive, "nothing was run"} : judge(wanted);
    if (verdict.kind != VerdictKind::kPass) {
      outcome.step =
          find(wanted.step) != nullptr || ended_.empty() ? wanted.step : ended_.back().name;
      outcome.verdict = verdict;
      if (!expectation.otherwise.empty() && verdict.kind == VerdictKind::kFail) {
        outcome.verdict.reason = fmt::format("{} ({})", expectation.otherwise, verdict.reason);
      }
      return outcome;
    }
  }
  return outcome;
}

}  // namespace relapse::run
