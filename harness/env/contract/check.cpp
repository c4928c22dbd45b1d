#include "contract/check.h"

#include <fmt/format.h>

#include <filesystem>

#include "builds/build_setup.h"
#include "contract/check_program.h"
#include "contract/contract_deploy.h"
#include "page/page_check.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Result;

namespace {

class Check {
 public:
  Check(const CheckRequest& request, CommandRunner& runner) : request_(request), runner_(runner) {
    facts_.contract = &request.contract;
    facts_.strict = request.strict;
  }

  Result<CheckReport> run() {
    auto scan = scan_folder(contract().folder);
    if (!scan) {
      return scan.error();
    }
    facts_.scan = std::move(*scan);
    RELAPSE_TRY(ask_deploy());
    if (!request_.program.empty()) {
      RELAPSE_TRY(ask_program());
      return judge_check(facts_);
    }
    RELAPSE_TRY(ask_observed());
    RELAPSE_TRY(ask_builds());
    RELAPSE_TRY(ask_page());
    RELAPSE_TRY(ask_dev());
    return judge_check(facts_);
  }

 private:
  const Contract& contract() const { return request_.contract; }
  bool interrupted() const { return runner_.interrupted() != 0; }

  Result<> ask_deploy() {
    if (!contract().deploy) {
      facts_.notes.emplace_back("the contract has no 'deploy': what is supplied is not known");
      return model::Done{};
    }
    auto supplied = env::ask_deploy(*contract().deploy, runner_);
    if (!supplied) {
      return supplied.error();
    }
    facts_.supplied = std::move(*supplied);
    return model::Done{};
  }

  // What builds get: the deploy step's values, and a sample where it has none.
  Environment complete() const {
    Environment out;
    if (facts_.supplied) {
      out = values_of(*facts_.supplied);
      std::erase_if(out, [](const auto& one) { return one.second.empty(); });
    }
    for (const auto& [name, promise] : contract().names) {
      if (!promise.sample.empty()) {
        out.emplace(name, promise.sample);
      }
    }
    return out;
  }

  std::vector<std::string> candidates() const {
    const auto names = names_in_question(facts_);
    return {names.begin(), names.end()};
  }

  BuildSetup setup_for(const std::vector<std::string>& outputs) const {
    std::vector<std::string> tried = candidates();
    for (const auto& [name, value] : complete()) {
      tried.push_back(name);
    }
    return prepare_build(contract().folder, request_.caller, tried, outputs);
  }

  // Names that are built at run time, or that no source of the project's holds.
  Result<> ask_observed() {
    if (!contract().build || request_.observer.empty()) {
      return model::Done{};
    }
    ObserveRequest question;
    question.build = {"/bin/sh", "-c", contract().build->command};
    question.setup = setup_for(contract().build->outputs);
    question.top = work_tree_of(contract().folder);
    question.supplied = complete();
    question.observer = request_.observer;
    question.scratch = request_.scratch + "/observed";
    std::error_code error;
    fs::create_directories(question.scratch, error);
    question.deadline_ms = contract().build->limit_ms;
    auto seen = run_observe(question, runner_);
    if (!seen) {
      return seen.error();
    }
    facts_.observed = std::move(seen->names);
    if (!seen->passes) {
      facts_.notes.push_back("of the observed build not all was seen: " + seen->end);
    }
    return model::Done{};
  }

  Result<> ask_builds() {
    if (!contract().build) {
      facts_.notes.emplace_back("the contract has no 'build': no build was tried");
      return model::Done{};
    }
    const ContractBuild& build = *contract().build;
    BuildSetup setup = setup_for(build.outputs);
    KnockoutRequest knockout;
    knockout.build = {"/bin/sh", "-c", build.command};
    knockout.folder = setup.folder;
    knockout.mounts = std::move(setup.mounts);
    knockout.outputs = std::move(setup.outputs);
    knockout.clean = std::move(setup.clean);
    knockout.base = std::move(setup.base);
    knockout.supplied = complete();
    knockout.candidates = candidates();
    knockout.jobs = request_.jobs;
    knockout.budget_ms = request_.budget_ms;
    knockout.deadline_ms = build.limit_ms;
    knockout.scratch = request_.scratch + "/builds";
    knockout.keep_outputs = contract().page.has_value();
    knockout.now_ms = request_.now_ms;
    std::error_code error;
    fs::create_directories(knockout.scratch, error);
    auto report = run_knockout(knockout, runner_);
    if (!report) {
      return report.error();
    }
    facts_.knockout = std::move(*report);
    return model::Done{};
  }

  // As a report that lies beside the folder of pictures names it.
  std::string picture_of(const PageVerdict& page) const {
    return request_.screenshots.empty() || page.seen.screenshot.empty()
               ? ""
               : fs::path(request_.screenshots).filename() / page.seen.screenshot;
  }

  // The artifact of each build that passed and put out something else, and of the reference.
  struct Look {
    std::string name;
    Lack lack = Lack::kUnset;
    bool reference = false;
  };

  Result<> ask_page() {
    if (!contract().page || !facts_.knockout || interrupted()) {
      return model::Done{};
    }
    PageCheckRequest pages;
    pages.expect = *contract().page;
    pages.screenshots = request_.screenshots;
    pages.secrets = contract().secret_values();
    std::vector<Look> looks;
    auto add = [&](const std::string& copy, Look look) {
      std::error_code error;
      const std::string folder = copy + "/0";  // of the first output
      if (!copy.empty() && fs::is_directory(folder, error)) {
        pages.artifacts.push_back({fmt::format("build-{}", looks.size()), folder, look.reference});
        looks.push_back(std::move(look));
      }
    };
    add(facts_.knockout->reference.output_copy, {"", Lack::kUnset, true});
    for (const auto& name : facts_.knockout->names) {
      for (const auto* outcome : {&name.unset, &name.empty}) {
        if (outcome->effect == Effect::kSilent) {
          add(outcome->output_copy,
              {name.name, outcome == &name.unset ? Lack::kUnset : Lack::kEmpty, false});
        }
      }
    }
    auto tools = find_page_tools(request_.page_driver);
    if (!tools) {
      facts_.notes.push_back("the page was not opened: " + tools.error().text());
      return model::Done{};
    }
    auto seen = check_pages(runner_, *tools, pages);
    if (!seen) {
      facts_.notes.push_back("the page was not opened: " + seen.error().text());
      return model::Done{};
    }
    for (size_t i = 0; i < looks.size(); ++i) {
      const PageEffect effect = {(*seen)[i].findings, picture_of((*seen)[i])};
      if (looks[i].reference) {
        facts_.reference_page = effect;
      } else if (looks[i].lack == Lack::kUnset) {
        facts_.pages[looks[i].name].unset = effect;
      } else {
        facts_.pages[looks[i].name].empty = effect;
      }
    }
    return model::Done{};
  }

  // A developer has nothing of the deploy step's.
  Result<> ask_dev() {
    if (!contract().dev || interrupted()) {
      return model::Done{};
    }
    const BuildSetup setup = setup_for({});
    DevQuestion question;
    question.dev = *contract().dev;
    question.label = question.dev.command;
    question.driver = request_.page_driver;
    question.folder = setup.folder;
    question.env = setup.base;
    question.mounts = setup.mounts;
    question.secrets = contract().secret_values();
    auto seen = runner_.run({dev_command(question)}, 1);
    if (!seen) {
      return seen.error();
    }
    if (seen->front().end == model::TrialEnd::kSetupFailed) {
      return seen->front().error;
    }
    facts_.dev = dev_outcome(seen->front(), model::Redactor(question.secrets));
    return model::Done{};
  }

  Result<> ask_program() {
    const BuildSetup setup = setup_for({});
    ProgramQuestion question;
    question.argv = request_.program;
    question.folder = setup.folder;
    question.base = setup.base;
    question.mounts = setup.mounts;
    question.complete = complete();
    for (const auto& [name, promise] : contract().names) {
      question.complete.emplace(name, made_up_values().front());
      if (promise.need == Need::kRequired) {
        question.required.push_back(name);
      }
    }
    for (const auto& [name, value] : question.complete) {
      question.secrets.push_back(value);
    }
    question.start_ms = request_.start_ms;
    question.jobs = request_.jobs;
    auto tried = try_program(question, runner_);
    if (!tried) {
      return tried.error();
    }
    facts_.runtime = std::move(*tried);
    return model::Done{};
  }

  const CheckRequest& request_;
  CommandRunner& runner_;
  CheckFacts facts_;
};

}  // namespace

Result<CheckReport> run_check(const CheckRequest& request, CommandRunner& runner) {
  return Check(request, runner).run();
}

}  // namespace relapse::env
