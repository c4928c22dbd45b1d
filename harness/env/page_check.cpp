#include "env/page_check.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "os/file_tree.h"
#include "os/files.h"
#include "os/run_program.h"
#include "os/scratch_folder.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::FileTree;
using model::Result;
using nlohmann::json;

namespace {

constexpr const char* kOut = "/tmp/relapse-page";  // in the world
constexpr const char* kJob = "/run/relapse-page/job.json";

// A browser's start and end on a loaded machine, beside the pages' own limits.
constexpr double kBrowserMs = 90'000;

// What a page that works shows twice is what it always shows.
constexpr int kLooksAtReference = 2;

Result<FileTree> tree_of(const PageArtifact& artifact) {
  auto folder = os::open_fd(artifact.folder, O_RDONLY | O_DIRECTORY);
  if (!folder) {
    return folder.error();
  }
  return os::read_file_tree(*folder);
}

// The artifacts whose content no earlier one has, and for each the one that stands for it.
struct Distinct {
  std::vector<size_t> first;      // indexes of those that are opened
  std::set<size_t> references;    // of these: one of the same content is a reference
  std::vector<size_t> stands_in;  // by artifact: the index of the one that is opened for it
};

Result<Distinct> find_distinct(const std::vector<PageArtifact>& artifacts) {
  Distinct distinct;
  std::vector<FileTree> trees;
  for (size_t i = 0; i < artifacts.size(); ++i) {
    auto tree = tree_of(artifacts[i]);
    if (!tree) {
      return tree.error();
    }
    auto same = std::find_if(distinct.first.begin(), distinct.first.end(),
                             [&](size_t other) { return trees[other] == *tree; });
    distinct.stands_in.push_back(same == distinct.first.end() ? i : *same);
    if (same == distinct.first.end()) {
      distinct.first.push_back(i);
    }
    if (artifacts[i].reference) {
      distinct.references.insert(distinct.stands_in.back());
    }
    trees.push_back(*std::move(tree));
  }
  return distinct;
}

std::string look_name(const PageArtifact& artifact, int look) {
  return look == 0 ? artifact.name : fmt::format("{}--{}", artifact.name, look + 1);
}

class Check {
 public:
  Check(const PageTools& tools, const PageCheckRequest& request, Distinct distinct)
      : tools_(tools), request_(request), distinct_(std::move(distinct)) {}

  WorldCommand command(const std::string& copy_to) const;
  Result<std::vector<PageVerdict>> judge(const std::string& folder) const;

 private:
  json job() const;
  bool is_reference(size_t index) const { return distinct_.references.contains(index); }
  int looks_at(size_t index) const { return is_reference(index) ? kLooksAtReference : 1; }
  Result<PageSeen> read(const std::string& folder, const std::string& name) const;

  const PageTools& tools_;
  const PageCheckRequest& request_;
  Distinct distinct_;
};

json Check::job() const {
  json pages = json::array();
  for (size_t index : distinct_.first) {
    const auto& artifact = request_.artifacts[index];
    for (int look = 0; look < looks_at(index); ++look) {
      pages.push_back({{"name", look_name(artifact, look)},
                       {"url", fmt::format("http://{}.localhost:${{site.port}}{}", artifact.name,
                                           request_.expect.path)},
                       {"ready", request_.expect.ready},
                       {"shows", request_.expect.shows},
                       {"limit_ms", request_.expect.limit_ms}});
    }
  }
  return {{"chromium", tools_.chromium},
          {"out", kOut},
          {"services", request_.expect.services},
          {"pages", pages}};
}

WorldCommand Check::command(const std::string& copy_to) const {
  WorldCommand command;
  command.label = "page";
  command.argv = {tools_.node, tools_.driver + "/driver.mjs", kJob};
  command.folder = tools_.driver;
  command.env = {{"HOME", "/tmp"}, {"LANG", "C.UTF-8"}};
  json job = this->job();
  json folders = json::object();
  for (size_t index : distinct_.first) {
    folders[request_.artifacts[index].name] = request_.artifacts[index].folder;
  }
  command.fakes = {{"site", {{"folders", folders}, {"fallback", request_.expect.fallback}}}};
  for (const auto& service : request_.expect.services) {
    if (service.is_string()) {
      // With its neighbours: what a module imports, and the files with which it answers.
      const std::string folder = fs::path(service.get<std::string>()).parent_path();
      command.mounts.push_back({folder, folder, false});
    }
  }
  command.files = {{model::WorldFile::Kind::kFile, kJob, job.dump(), 0644}};
  command.collect = {{kOut, copy_to}};
  command.secrets = request_.secrets;
  command.deadline_ms =
      kBrowserMs + request_.expect.limit_ms * static_cast<double>(job["pages"].size());
  return command;
}

Result<PageSeen> Check::read(const std::string& folder, const std::string& name) const {
  auto text = os::read_file(fs::path(folder) / (name + ".json"));
  if (!text) {
    return text.error();
  }
  return page_seen_from_text(*text);
}

Result<std::vector<PageVerdict>> Check::judge(const std::string& folder) const {
  std::map<size_t, PageSeen> seen;
  std::vector<PageSeen> references;
  for (size_t index : distinct_.first) {
    const auto& artifact = request_.artifacts[index];
    for (int look = 0; look < looks_at(index); ++look) {
      auto one = read(folder, look_name(artifact, look));
      if (!one) {
        return one.error();
      }
      if (look == 0) {
        seen.emplace(index, *one);
      }
      if (is_reference(index)) {
        references.push_back(*std::move(one));
      }
    }
  }
  std::vector<PageVerdict> verdicts;
  for (size_t i = 0; i < request_.artifacts.size(); ++i) {
    const size_t opened = distinct_.stands_in[i];
    PageVerdict verdict;
    verdict.name = request_.artifacts[i].name;
    verdict.same_as = opened == i ? "" : request_.artifacts[opened].name;
    verdict.seen = seen.at(opened);
    // A reference is judged by itself: what it does wrong must not be what is expected of it.
    verdict.findings = judge_page(request_.expect, verdict.seen,
                                  is_reference(opened) ? std::vector<PageSeen>() : references);
    verdicts.push_back(std::move(verdict));
  }
  return verdicts;
}

}  // namespace

Result<PageTools> find_page_tools(const std::string& driver_folder) {
  PageTools tools;
  tools.driver = driver_folder;
  tools.node = "node";
  for (const char* name :
       {"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"}) {
    tools.chromium = tools.chromium.empty() ? os::find_on_path(name) : tools.chromium;
  }
  if (tools.chromium.empty()) {
    return Error{ErrorKind::kUnavailable, "a page needs Chromium, and there is none",
                 "apt-get install chromium"};
  }
  std::error_code error;
  if (!fs::exists(fs::path(driver_folder) / "node_modules/playwright-core", error)) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("the page driver's packages are missing in {}", driver_folder),
                 "make setup"};
  }
  return tools;
}

Result<std::vector<PageVerdict>> check_pages(CommandRunner& runner, const PageTools& tools,
                                             const PageCheckRequest& request) {
  auto distinct = find_distinct(request.artifacts);
  if (!distinct) {
    return distinct.error();
  }
  auto scratch = os::ScratchFolder::make();
  if (!scratch) {
    return scratch.error();
  }
  const Check check(tools, request, *std::move(distinct));
  const std::string folder =
      request.screenshots.empty() ? scratch->path() + "/page" : request.screenshots;
  auto seen = runner.run({check.command(folder)}, 1);
  if (!seen) {
    return seen.error();
  }
  const auto& trial = seen->front();
  if (trial.end == model::TrialEnd::kSetupFailed) {
    return trial.error;
  }
  if (trial.end != model::TrialEnd::kExited || trial.signaled || trial.exit_code != 0) {
    const bool late = trial.end == model::TrialEnd::kDeadline;
    return Error{ErrorKind::kSystem,
                 fmt::format("the browser {}: {}", late ? "came to no end" : "could not be used",
                             trial.output_tail)};
  }
  return check.judge(folder);
}

}  // namespace relapse::env
