// relapse env page DIR: does the built page work in a browser?

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command_env.h"
#include "cli/env_build.h"
#include "model/verdict.h"
#include "os/files.h"
#include "page/page_check.h"
#include "scenario/scenario_file.h"

namespace relapse::cli {

namespace {

namespace fs = std::filesystem;
using env::PageVerdict;
using model::Error;
using model::ErrorKind;
using model::Result;
using nlohmann::json;
using nlohmann::ordered_json;

struct PageOptions {
  std::vector<std::string> folders;
  std::string reference;
  std::string contract;
  std::string ready;
  std::vector<std::string> shows;
  std::vector<std::string> services;
  std::string screenshots;
  bool json = false;
};

// The contract's "page", with what the command line says put over it.
Result<env::PageExpectation> expectation_of(const PageOptions& options) {
  json page = json::object();
  fs::path folder = fs::current_path();
  if (!options.contract.empty()) {
    auto text = os::read_file(options.contract);
    if (!text) {
      return Error{ErrorKind::kUsage, text.error().text()};
    }
    json contract = json::parse(*text, nullptr, /*allow_exceptions=*/false);
    if (!contract.is_object() || !contract.contains("page")) {
      return Error{ErrorKind::kScenario, "holds no object with a 'page'", "", options.contract};
    }
    page = contract["page"];
    folder = fs::absolute(options.contract).parent_path();
  }
  auto wanted = env::page_from_json(page, "/page", folder);
  if (!wanted) {
    wanted.error().file = options.contract;
    return wanted;
  }
  auto services = env::page_from_json({{"services", options.services}}, "", fs::current_path());
  if (!services) {
    return Error{ErrorKind::kUsage, "--service: " + services.error().message,
                 services.error().remedy};
  }
  for (auto& service : services->services) {
    wanted->services.push_back(std::move(service));
  }
  wanted->ready = options.ready.empty() ? wanted->ready : options.ready;
  wanted->shows.insert(wanted->shows.end(), options.shows.begin(), options.shows.end());
  return wanted;
}

struct PageQuestion {
  env::PageCheckRequest request;
  env::PageTools tools;
};

Result<PageQuestion> make_question(const PageOptions& options) {
  PageQuestion question;
  env::PageCheckRequest& request = question.request;
  auto wanted = expectation_of(options);
  if (!wanted) {
    return wanted.error();
  }
  request.expect = *std::move(wanted);
  int number = 0;
  for (const auto& folder : options.folders) {
    request.artifacts.push_back(
        {fmt::format("page-{}", ++number), fs::absolute(folder).lexically_normal(), false});
  }
  if (!options.reference.empty()) {
    request.artifacts.push_back(
        {"reference", fs::absolute(options.reference).lexically_normal(), true});
  }
  if (!options.screenshots.empty()) {
    request.screenshots = fs::absolute(options.screenshots).lexically_normal();
  }
  auto project = run::find_project();
  if (!project) {
    return project.error();
  }
  auto tools = env::find_page_tools(*project + "/harness/env/page/page_driver");
  if (!tools) {
    return tools.error();
  }
  question.tools = *std::move(tools);
  return question;
}

ordered_json to_json(const PageVerdict& page, const std::string& folder) {
  ordered_json out;
  out["page"] = folder;
  out["verdict"] = page.findings.empty() ? "pass" : "fail";
  out["findings"] = json::array();
  for (const auto& finding : page.findings) {
    out["findings"].push_back(
        {{"oracle", env::to_word(finding.oracle)}, {"sentence", finding.sentence}});
  }
  out["title"] = page.seen.title;
  out["text"] = page.seen.text;
  out["screenshot"] = page.seen.screenshot;
  out["duration_ms"] = page.seen.duration_ms;
  return out;
}

int tell(const PageOptions& options, const std::vector<PageVerdict>& pages) {
  ordered_json document;
  document["pages"] = json::array();
  bool broken = false;
  for (size_t i = 0; i < pages.size(); ++i) {
    const std::string& folder = i < options.folders.size() ? options.folders[i] : options.reference;
    broken = broken || !pages[i].findings.empty();
    document["pages"].push_back(to_json(pages[i], folder));
    if (!options.json) {
      fmt::print("{}  {}\n", pages[i].findings.empty() ? "pass" : "FAIL", folder);
      for (const auto& finding : pages[i].findings) {
        fmt::print("      {}\n", finding.sentence);
      }
    }
  }
  if (options.json) {
    print_document(document);
  }
  return broken ? model::kExitFail : model::kExitPass;
}

int execute(const PageOptions& options) {
  auto question = make_question(options);
  if (!question) {
    return report_error(question.error());
  }
  return ask_in_worlds(
      [&](auto& runner) { return env::check_pages(runner, question->tools, question->request); },
      [&](const auto& pages) { return tell(options, pages); });
}

}  // namespace

std::function<int()> declare_env_page(CLI::App& app) {
  auto options = std::make_shared<PageOptions>();
  app.add_option("DIR", options->folders, "what a build put out: a folder with an index.html")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--reference", options->reference,
                 "the output of a build that works: its text and the hosts that it asks are "
                 "expected of DIR too")
      ->check(CLI::ExistingDirectory);
  app.add_option("--contract", options->contract, "a relapse.env.json, for its 'page'")
      ->check(CLI::ExistingFile);
  app.add_option("--ready", options->ready,
                 "what shows when the page has started: a selector, or text=Sign in");
  app.add_option("--shows", options->shows, "what must be visible too; may be given repeatedly");
  app.add_option("--service", options->services,
                 "a module that answers in place of a service which the page calls");
  app.add_option("--screenshots", options->screenshots,
                 "a folder in which the pages' pictures are kept");
  app.add_flag("--json", options->json, "for programs");
  app.footer(
      "Opens the page in Chromium, in a world without a network. It fails on what the page throws, "
      "on a\nmark that does not appear, on errors that it logs, and on text and hosts that differ "
      "from the\nreference.\n\n"
      "  relapse env page dist --ready '#app main' --reference /tmp/good/dist");
  return [options] { return execute(*options); };
}

}  // namespace relapse::cli
