#include "contract/contract_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "builds/build_text.h"
#include "contract/check_program.h"
#include "contract/check_words.h"
#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Observation;
using model::TrialEnd;
using model::VerdictKind;

namespace {

// The build as it is deployed; with what it lacks; without one name.
constexpr const char* kSupplied = "supplied";
constexpr const char* kComplete = "complete";

std::string guard_key(Lack lack, size_t index) {
  return fmt::format("{}-{}", lack == Lack::kUnset ? "unset" : "empty", index);
}

}  // namespace

ContractTrial::ContractTrial(ContractQuestion question, std::set<ContractPart> parts)
    : question_(std::move(question)), parts_(std::move(parts)), redactor_(question_.secrets) {
  supplied_ = values_of(question_.supplied);
  std::vector<std::string> tried;
  for (const auto& [name, value] : supplied_) {
    tried.push_back(name);
  }
  for (const auto& [name, promise] : question_.contract.names) {
    if (promise.need == Need::kRequired) {
      required_.push_back(name);
      tried.push_back(name);
    }
  }
  setup_ =
      prepare_build(question_.folder, question_.caller, tried, question_.contract.build->outputs);
  plan_builds();
}

bool ContractTrial::Build::passes() const {
  return done && env::passes(seen);
}

bool ContractTrial::lacks(const std::string& name) const {
  const SuppliedName* found = question_.supplied.find(name);
  return found == nullptr || found->state != SupplyState::kSet;
}

bool ContractTrial::is_supplied() const {
  return std::none_of(required_.begin(), required_.end(),
                      [&](const auto& name) { return lacks(name); });
}

// What is supplied, and an example of each required name that is not.
Environment ContractTrial::complete() const {
  Environment env = supplied_;
  for (const auto& name : required_) {
    const std::string& sample = question_.contract.names.at(name).sample;
    if (lacks(name) && !sample.empty()) {
      env[name] = sample;
    }
  }
  return env;
}

void ContractTrial::plan_builds() {
  const Environment complete = this->complete();
  builds_.push_back({kSupplied, "build with what is supplied", supplied_, {}, false});
  if (!is_supplied()) {
    builds_.push_back({kComplete, "build with all that is required", complete, {}, false});
  }
  // Where something lacks already, that is what the verdict is about.
  if (!wants(ContractPart::kGuard) || !is_supplied()) {
    return;
  }
  for (size_t i = 0; i < required_.size(); ++i) {
    const auto& name = required_[i];
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
  command.argv = begin_clean({"/bin/sh", "-c", question_.contract.build->command},
                             setup_.clean.remove, setup_.clean.outputs);
  command.folder = question_.folder;
  command.env = setup_.base;
  for (const auto& [name, value] : build.env) {
    command.env[name] = value;
  }
  command.mounts = setup_.mounts;
  command.files = question_.changes;
  command.collect = {{setup_.outputs.front(), copy_of(build)}};
  command.secrets = question_.secrets;
  command.deadline_ms = question_.contract.build->limit_ms;
  return command;
}

// Nothing of the deploy step's: a developer has none of it.
WorldCommand ContractTrial::command_of_dev() const {
  DevQuestion question;
  question.dev = *question_.contract.dev;
  question.label = question_.label + " · dev";
  question.node = question_.tools->node;
  question.driver = question_.tools->driver;
  question.folder = question_.folder;
  question.env = setup_.base;
  question.mounts = setup_.mounts;
  question.files = question_.changes;
  question.secrets = question_.secrets;
  return dev_command(question);
}

std::vector<WorldCommand> ContractTrial::first_stage() {
  std::vector<WorldCommand> commands;
  for (const auto& build : builds_) {
    commands.push_back(command_of(build));
  }
  if (wants(ContractPart::kDev) && question_.contract.dev && question_.tools && is_supplied()) {
    commands.push_back(command_of_dev());
  }
  return commands;
}

// Every build that passed and left something is opened: the deployed one for the verdict, the
// ones that should have refused for what they would have done to users.
std::vector<WorldCommand> ContractTrial::page_stage() {
  if (!question_.contract.page || !question_.tools) {
    return {};
  }
  PageCheckRequest request;
  request.expect = *question_.contract.page;
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
  if (commands.empty() && stage_ != Stage::kOver) {
    judge();
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
    judge();
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

std::optional<PageEffect> ContractTrial::page_of(const std::string& key) const {
  auto found = std::find_if(pages_.begin(), pages_.end(),
                            [&](const auto& page) { return page.name == key; });
  return found == pages_.end() ? std::nullopt : std::optional(PageEffect{found->findings, ""});
}

// The builds in the form in which a knock-out tells its own. One build a way is enough here: the
// verdict rests on whether it passes, and on its page.
KnockoutReport ContractTrial::knockout() const {
  const std::string& output = setup_.outputs.front();
  const auto artifact_of = [&](const Build& build) {
    const auto found = build.seen.trees.find(output);
    Artifact artifact;
    artifact.tree = found == build.seen.trees.end() ? model::FileTree() : found->second;
    artifact.read = [copy = copy_of(build)](const std::string& path) {
      auto text = os::read_file(copy + "/" + path);
      return text ? std::optional(*std::move(text)) : std::nullopt;
    };
    return artifact;
  };
  const Build& supplied = *find(kSupplied);
  const Build& whole = is_supplied() ? supplied : *find(kComplete);
  KnockoutReport report;
  report.reference.passes = supplied.passes();
  report.reference.said =
      supplied.passes() ? "" : telling_line(redactor_.clean(plain_text(supplied.seen.output_tail)));
  Base base;
  base.output = whole.passes() ? plain_text(whole.seen.output_tail) : "";
  base.reference.emplace(artifact_of(whole));
  base.noise_known = false;
  for (size_t i = 0; i < required_.size(); ++i) {
    KnockoutName tried;
    tried.name = required_[i];
    tried.supplied = !lacks(tried.name);
    for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
      const Build* build = tried.supplied ? find(guard_key(lack, i)) : &supplied;
      Outcome& outcome = lack == Lack::kUnset ? tried.unset : tried.empty;
      if (build != nullptr && build->done) {
        outcome = judge_build(base, tried.name, build->seen, artifact_of(*build), redactor_);
      }
    }
    report.names.push_back(std::move(tried));
  }
  return report;
}

void ContractTrial::judge() {
  stage_ = Stage::kOver;
  CheckFacts facts;
  facts.contract = &question_.contract;
  facts.scan = question_.scan;
  facts.supplied = question_.supplied;
  facts.knockout = knockout();
  for (size_t i = 0; i < required_.size(); ++i) {
    const bool lacking = lacks(required_[i]);
    facts.pages[required_[i]] = {page_of(lacking ? kSupplied : guard_key(Lack::kUnset, i)),
                                 page_of(lacking ? kSupplied : guard_key(Lack::kEmpty, i))};
  }
  if (is_supplied()) {
    facts.reference_page = page_of(kSupplied);
  }
  if (dev_) {
    facts.dev = dev_outcome(*dev_, redactor_);
  }
  report_ = judge_check(facts);
}

const CheckRow* ContractTrial::row_with(std::initializer_list<Problem> problems) const {
  for (const auto& row : report_.rows) {
    if (std::any_of(problems.begin(), problems.end(),
                    [&](Problem problem) { return row.has(problem); })) {
      return &row;
    }
  }
  return nullptr;
}

PartEnd ContractTrial::end_of_page() const {
  const Build& build = *find(kSupplied);
  const std::string output = plain_text(build.seen.output_tail);
  const auto page = page_of(kSupplied);
  const CheckRow* row = row_with({Problem::kBuildFails, Problem::kPageFails});
  if (row == nullptr && (!build.passes() || (page && !page->findings.empty()))) {
    row = row_with({Problem::kNotSupplied, Problem::kSuppliedEmpty});
  }
  if (row != nullptr) {
    return {{VerdictKind::kFail, sentence_of(*row)}, output};
  }
  if (!question_.contract.page) {
    return {{VerdictKind::kInconclusive, "the contract has no page"}, output};
  }
  if (!page) {
    return {{VerdictKind::kInconclusive,
             page_trouble_.empty() ? "the build has left no output" : page_trouble_},
            output};
  }
  return {{VerdictKind::kPass, ""}, output};
}

PartEnd ContractTrial::end_of_guard() const {
  if (const CheckRow* row = row_with({Problem::kUnnoticed})) {
    return {{VerdictKind::kFail, sentence_of(*row)}, ""};
  }
  if (!is_supplied()) {
    return {{VerdictKind::kInconclusive, "not tried where a required name lacks already"}, ""};
  }
  if (const CheckRow* row = row_with({Problem::kNotTried, Problem::kUnknown})) {
    return {{VerdictKind::kInconclusive, sentence_of(*row)}, ""};
  }
  return {{VerdictKind::kPass, ""}, ""};
}

PartEnd ContractTrial::end_of_dev() const {
  if (const CheckRow* row = row_with({Problem::kDevFails})) {
    return {{VerdictKind::kFail, sentence_of(*row)}, plain_text(dev_->output_tail)};
  }
  if (!dev_ || dev_->end == TrialEnd::kSetupFailed || dev_->end == TrialEnd::kInterrupted) {
    return {{VerdictKind::kInconclusive,
             "development was not tried: the contract has no dev, or a tool is missing"},
            ""};
  }
  return {{VerdictKind::kPass, ""}, ""};
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
      if (const CheckRow* row = row_with({Problem::kNotSupplied, Problem::kSuppliedEmpty})) {
        return {{VerdictKind::kFail, sentence_of(*row)},
                plain_text(find(kSupplied)->seen.output_tail)};
      }
      return {{VerdictKind::kPass, ""}, ""};
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
