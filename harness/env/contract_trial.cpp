#include "env/contract_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "env/build_text.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Observation;
using model::TrialEnd;
using model::VerdictKind;

namespace {

// Beside the server's own limit: node's start, and the world's.
constexpr double kDevSlackMs = 20'000;

// The build as it is deployed; with what it lacks; without one name.
constexpr const char* kSupplied = "supplied";
constexpr const char* kComplete = "complete";

std::string guard_key(Lack lack, size_t index) {
  return fmt::format("{}-{}", lack == Lack::kUnset ? "unset" : "empty", index);
}

}  // namespace

ContractTrial::ContractTrial(ContractQuestion question, std::set<ContractPart> parts)
    : question_(std::move(question)), parts_(std::move(parts)) {
  std::vector<std::string> tried;
  for (const auto& [name, value] : question_.supplied) {
    tried.push_back(name);
  }
  for (const auto& one : question_.required) {
    tried.push_back(one.name);
  }
  setup_ = prepare_build(question_.folder, question_.caller, tried, question_.build.outputs);
  plan_builds();
}

bool ContractTrial::Build::passes() const {
  return done && seen.end == TrialEnd::kExited && !seen.signaled && seen.exit_code == 0;
}

bool ContractTrial::is_supplied() const {
  return std::none_of(question_.required.begin(), question_.required.end(),
                      [](const auto& one) { return one.lacks(); });
}

// What is supplied, and an example of each required name that is not.
Environment ContractTrial::complete() const {
  Environment env = question_.supplied;
  for (const auto& one : question_.required) {
    if (one.lacks() && !one.example.empty()) {
      env[one.name] = one.example;
    }
  }
  return env;
}

void ContractTrial::plan_builds() {
  const Environment complete = this->complete();
  builds_.push_back({kSupplied, "build with what is supplied", question_.supplied, {}, false});
  if (!is_supplied()) {
    builds_.push_back({kComplete, "build with all that is required", complete, {}, false});
  }
  // Where something lacks already, that is what the verdict is about.
  if (!wants(ContractPart::kGuard) || !is_supplied()) {
    return;
  }
  for (size_t i = 0; i < question_.required.size(); ++i) {
    const auto& name = question_.required[i].name;
    builds_.push_back({guard_key(Lack::kUnset, i),
                       "build without " + name,
                       without(complete, name, Lack::kUnset),
                       {},
                       false});
    builds_.push_back({guard_key(Lack::kEmpty, i),
                       "build with an empty " + name,
                       without(complete, name, Lack::kEmpty),
                       {},
                       false});
  }
}

std::string ContractTrial::copy_of(const Build& build) const {
  return fmt::format("{}/{}", question_.scratch, build.key);
}

WorldCommand ContractTrial::command_of(const Build& build) const {
  WorldCommand command;
  command.label = fmt::format("{} · {}", question_.label, build.label);
  command.argv = begin_clean({"/bin/sh", "-c", question_.build.command}, setup_.clean.remove,
                             setup_.clean.outputs);
  command.folder = question_.folder;
  command.env = setup_.base;
  for (const auto& [name, value] : build.env) {
    command.env[name] = value;
  }
  command.mounts = setup_.mounts;
  command.files = question_.changes;
  command.collect = {{setup_.outputs.front(), copy_of(build)}};
  command.secrets = question_.secrets;
  command.deadline_ms = question_.build.limit_ms;
  return command;
}

// Nothing of the deploy step's: a developer has none of it.
WorldCommand ContractTrial::dev_command() const {
  const auto& dev = *question_.dev;
  WorldCommand command;
  command.label = question_.label + " · dev";
  command.argv = {question_.tools->node, question_.tools->driver + "/starts.mjs",
                  fmt::format("{:.0f}", dev.limit_ms), dev.ready, dev.command};
  command.folder = question_.folder;
  command.env = setup_.base;
  command.mounts = setup_.mounts;
  command.mounts.push_back({question_.tools->driver, question_.tools->driver, false});
  command.files = question_.changes;
  command.secrets = question_.secrets;
  command.deadline_ms = dev.limit_ms + kDevSlackMs;
  return command;
}

std::vector<WorldCommand> ContractTrial::first_stage() {
  std::vector<WorldCommand> commands;
  for (const auto& build : builds_) {
    commands.push_back(command_of(build));
  }
  if (wants(ContractPart::kDev) && question_.dev && question_.tools && is_supplied()) {
    commands.push_back(dev_command());
  }
  return commands;
}

// Every build that passed and left something is opened: the deployed one for the verdict, the
// ones that should have refused for what they would have done to users.
std::vector<WorldCommand> ContractTrial::page_stage() {
  if (!question_.page || !question_.tools) {
    return {};
  }
  PageCheckRequest request;
  request.expect = *question_.page;
  request.secrets = question_.secrets;
  request.screenshots = question_.screenshots;
  for (const auto& build : builds_) {
    std::error_code error;
    if (build.passes() && fs::is_directory(copy_of(build), error)) {
      const bool whole = build.key == kComplete || (build.key == kSupplied && is_supplied());
      request.artifacts.push_back({build.key, copy_of(build), whole});
    }
  }
  const bool deployed = std::any_of(request.artifacts.begin(), request.artifacts.end(),
                                    [](const auto& one) { return one.name == kSupplied; });
  if (!deployed) {
    return {};
  }
  auto check = PageCheck::plan(*question_.tools, std::move(request), question_.scratch);
  if (!check) {
    page_trouble_ = check.error().text();
    return {};
  }
  page_check_ = *std::move(check);
  auto command = page_check_->command();
  command.label = question_.label + " · page";
  return {std::move(command)};
}

std::vector<WorldCommand> ContractTrial::next() {
  std::vector<WorldCommand> commands;
  if (stage_ == Stage::kBuilds) {
    commands = first_stage();
  } else if (stage_ == Stage::kPages) {
    commands = page_stage();
  }
  if (commands.empty()) {
    stage_ = Stage::kOver;
  }
  return commands;
}

void ContractTrial::take(const std::vector<Observation>& seen) {
  if (stage_ == Stage::kPages) {
    auto pages = page_check_->judge(seen.front());
    if (pages) {
      pages_ = *std::move(pages);
    } else {
      page_trouble_ = pages.error().text();
    }
    stage_ = Stage::kOver;
    return;
  }
  for (size_t i = 0; i < builds_.size(); ++i) {
    builds_[i].seen = seen.at(i);
    builds_[i].done = true;
  }
  if (seen.size() > builds_.size()) {
    dev_ = seen.back();
  }
  stage_ = Stage::kPages;
}

const ContractTrial::Build* ContractTrial::find(const std::string& key) const {
  auto found = std::find_if(builds_.begin(), builds_.end(),
                            [&](const auto& build) { return build.key == key; });
  return found == builds_.end() ? nullptr : &*found;
}

const PageVerdict* ContractTrial::page_of(const std::string& key) const {
  auto found = std::find_if(pages_.begin(), pages_.end(),
                            [&](const auto& page) { return page.name == key; });
  return found == pages_.end() ? nullptr : &*found;
}

// What a build that lacks something does.
std::string ContractTrial::consequence_of(const std::string& key) const {
  const Build* build = find(key);
  if (build == nullptr || !build->done) {
    return "";
  }
  if (!build->passes()) {
    return "without it the build fails: " + telling_line(plain_text(build->seen.output_tail));
  }
  const PageVerdict* page = page_of(key);
  if (page == nullptr) {
    return "without it the build passes";
  }
  return page->findings.empty()
             ? "without it the build passes, and the page looks as it should"
             : "without it the build passes, and " + page->findings.front().sentence;
}

PartEnd ContractTrial::end_of_supplied() const {
  for (const auto& one : question_.required) {
    if (!one.lacks()) {
      continue;
    }
    std::string reason = one.name;
    reason += one.wanted_by.empty() ? "" : fmt::format(", wanted by {},", one.wanted_by);
    reason += one.supplied ? fmt::format(" is supplied empty by {}", one.supplied_by)
                           : fmt::format(" is not supplied by {}", one.supplied_by);
    reason += one.why_empty.empty() ? "" : fmt::format(" ({})", one.why_empty);
    if (!one.old_name.empty()) {
      reason += fmt::format("; {} is supplied and nothing reads it: renamed?", one.old_name);
    }
    const std::string consequence = consequence_of(kSupplied);
    reason += consequence.empty() ? "" : "; " + consequence;
    return {{VerdictKind::kFail, reason}, find(kSupplied)->seen.output_tail};
  }
  return {{VerdictKind::kPass, ""}, ""};
}

PartEnd ContractTrial::end_of_page() const {
  const Build* build = find(kSupplied);
  const std::string output = plain_text(build->seen.output_tail);
  if (!build->passes()) {
    return {{VerdictKind::kFail, "the build with what is supplied fails: " + telling_line(output)},
            output};
  }
  if (!question_.page) {
    return {{VerdictKind::kInconclusive, "the contract has no page"}, output};
  }
  const PageVerdict* page = page_of(kSupplied);
  if (page == nullptr) {
    return {{VerdictKind::kInconclusive,
             page_trouble_.empty() ? "the build has left no output" : page_trouble_},
            output};
  }
  if (page->findings.empty()) {
    return {{VerdictKind::kPass, ""}, output};
  }
  return {{VerdictKind::kFail, page->findings.front().sentence}, output};
}

PartEnd ContractTrial::end_of_guard() const {
  for (size_t i = 0; i < question_.required.size(); ++i) {
    for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
      const Build* build = find(guard_key(lack, i));
      if (build == nullptr || !build->done || build->seen.end != TrialEnd::kExited) {
        return {{VerdictKind::kInconclusive, "the builds that lack a name were not all tried"}, ""};
      }
      if (build->passes()) {
        const auto& one = question_.required[i];
        return {{VerdictKind::kFail,
                 fmt::format("the build does not notice {} {}{}; {}",
                             lack == Lack::kUnset ? "a missing" : "an empty", one.name,
                             one.wanted_by.empty() ? "" : ", wanted by " + one.wanted_by,
                             consequence_of(build->key))},
                plain_text(build->seen.output_tail)};
      }
    }
  }
  return {{VerdictKind::kPass, ""}, ""};
}

PartEnd ContractTrial::end_of_dev() const {
  if (!dev_ || dev_->end == TrialEnd::kSetupFailed || dev_->end == TrialEnd::kInterrupted) {
    return {{VerdictKind::kInconclusive,
             "development was not tried: the contract has no dev, or "
             "a tool is missing"},
            ""};
  }
  if (dev_->end == TrialEnd::kExited && !dev_->signaled && dev_->exit_code == 0) {
    return {{VerdictKind::kPass, ""}, ""};
  }
  const std::string output = plain_text(dev_->output_tail);
  return {{VerdictKind::kFail, fmt::format("dev does not start ({}): {}", question_.dev->command,
                                           telling_line(output))},
          output};
}

PartEnd ContractTrial::end_of(ContractPart part) const {
  for (const auto& build : builds_) {
    if (build.done && build.seen.end == TrialEnd::kSetupFailed) {
      return {{VerdictKind::kError, build.seen.error.text()}, ""};
    }
    if (build.done && build.seen.end == TrialEnd::kInterrupted) {
      return {{VerdictKind::kInconclusive, "interrupted"}, ""};
    }
  }
  switch (part) {
    case ContractPart::kSupplied:
      return end_of_supplied();
    case ContractPart::kPage:
      return end_of_page();
    case ContractPart::kGuard:
      return end_of_guard();
    case ContractPart::kDev:
      return end_of_dev();
  }
  return {};
}

}  // namespace relapse::env
