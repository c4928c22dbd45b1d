#include "page/page_check.h"

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

std::string look_name(const PageArtifact& artifact, int look) {
  return look == 0 ? artifact.name : fmt::format("{}--{}", artifact.name, look + 1);
}

}  // namespace

Result<> PageCheck::find_distinct() {
  std::vector<FileTree> trees;
  for (size_t i = 0; i < request_.artifacts.size(); ++i) {
    auto tree = tree_of(request_.artifacts[i]);
    if (!tree) {
      return tree.error();
    }
    auto same = std::find_if(distinct_.first.begin(), distinct_.first.end(),
                             [&](size_t other) { return trees[other] == *tree; });
    distinct_.stands_in.push_back(same == distinct_.first.end() ? i : *same);
    if (same == distinct_.first.end()) {
      distinct_.first.push_back(i);
    }
    if (request_.artifacts[i].reference) {
      distinct_.references.insert(distinct_.stands_in.back());
    }
    trees.push_back(*std::move(tree));
  }
  return model::Done{};
}

int PageCheck::looks_at(size_t index) const {
  return is_reference(index) ? kLooksAtReference : 1;
}

json PageCheck::job() const {
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

WorldCommand PageCheck::command() const {
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
  command.collect = {{kOut, folder_}};
  command.secrets = request_.secrets;
  command.deadline_ms =
      kBrowserMs + request_.expect.limit_ms * static_cast<double>(job["pages"].size());
  return command;
}

Result<PageSeen> PageCheck::read(const std::string& name) const {
  auto text = os::read_file(fs::path(folder_) / (name + ".json"));
  if (!text) {
    return text.error();
  }
  return page_seen_from_text(*text);
}

Result<std::vector<PageVerdict>> PageCheck::judge_pages() const {
  std::map<size_t, PageSeen> seen;
  std::vector<PageSeen> references;
  for (size_t index : distinct_.first) {
    const auto& artifact = request_.artifacts[index];
    for (int look = 0; look < looks_at(index); ++look) {
      auto one = read(look_name(artifact, look));
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

Result<PageCheck> PageCheck::plan(const PageTools& tools, PageCheckRequest request,
                                  const std::string& scratch) {
  PageCheck check(tools, std::move(request));
  if (auto distinct = check.find_distinct(); !distinct) {
    return distinct.error();
  }
  check.folder_ = scratch + "/page";
  return check;
}

Result<std::vector<PageVerdict>> PageCheck::judge(const model::Observation& seen) const {
  if (seen.end == model::TrialEnd::kSetupFailed) {
    return seen.error;
  }
  if (seen.end != model::TrialEnd::kExited || seen.signaled || seen.exit_code != 0) {
    const bool late = seen.end == model::TrialEnd::kDeadline;
    return Error{ErrorKind::kSystem,
                 fmt::format("the browser {}: {}", late ? "came to no end" : "could not be used",
                             seen.output_tail)};
  }
  RELAPSE_TRY(keep_pictures());
  return judge_pages();
}

// The pictures alone: what the driver wrote down beside them may hold a secret.
Result<> PageCheck::keep_pictures() const {
  if (request_.screenshots.empty()) {
    return model::Done{};
  }
  std::error_code error;
  fs::create_directories(request_.screenshots, error);
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (!error && entry.path().extension() == ".png") {
      fs::copy_file(entry.path(), request_.screenshots / entry.path().filename(),
                    fs::copy_options::overwrite_existing, error);
    }
  }
  return error ? model::system_error("keep pictures in " + request_.screenshots, error.value())
               : Result<>(model::Done{});
}

Result<std::vector<PageVerdict>> check_pages(CommandRunner& runner, const PageTools& tools,
                                             const PageCheckRequest& request) {
  auto scratch = os::ScratchFolder::make();
  if (!scratch) {
    return scratch.error();
  }
  auto check = PageCheck::plan(tools, request, scratch->path());
  if (!check) {
    return check.error();
  }
  auto seen = runner.run({check->command()}, 1);
  return seen ? check->judge(seen->front()) : seen.error();
}

}  // namespace relapse::env
