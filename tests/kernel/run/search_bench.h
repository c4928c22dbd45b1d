#pragma once
// Searches for failing orders of a command's calls, each trial in a world of its own.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "run/judge.h"
#include "search/schedule_search.h"
#include "trial/command_plan.h"
#include "trial/supervisor.h"

namespace relapse::run {

namespace fs = std::filesystem;
using Argv = std::vector<std::string>;

class Bench {
 public:
  explicit Bench(Argv argv) {
    std::string folder = "/tmp/relapse-search-XXXXXX";
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    fs::create_directory(folder_ / "work");
    auto supervisor = Supervisor::start();
    if (!supervisor) {
      if (std::getenv("RELAPSE_MUST_WORK") == nullptr) {
        WARN("skipped: " << supervisor.error().text());
        std::exit(77);
      }
      FAIL(supervisor.error().text());
    }
    supervisor_ = std::move(*supervisor);
    CommandRequest command;
    command.command = std::move(argv);
    command.folder = folder_;
    command.env["PATH"] = std::getenv("PATH");
    command.deadline_ms = 20'000;
    request_.plan = make_command_plan(command);
    request_.plan.expect.push_back({model::ExitExpectation{0}, ""});
    request_.settings.folders = {folder_};
    request_.settings.trials = 48;
    hooks_.run = [this](const auto& plans) { return supervisor_->run(plans, 1, {}); };
    hooks_.judge = judge;
  }
  ~Bench() {
    supervisor_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  SearchResult search(int trials) {
    request_.settings.trials = trials;
    return search_schedules(request_, hooks_);
  }
  SearchResult replay(const nlohmann::json& schedule) {
    return replay_schedule(request_, hooks_, schedule);
  }
  // One trial, uncontrolled and then checked.
  model::Observation run(const Argv& check) {
    auto plan = request_.plan;
    plan.check = check;
    return supervisor_->run({plan}, 1, {}).front();
  }
  model::TrialPlan& plan() { return request_.plan; }
  model::ScheduleSettings& settings() { return request_.settings; }

 private:
  fs::path folder_;
  std::unique_ptr<Supervisor> supervisor_;
  SearchRequest request_;
  SearchHooks hooks_;
};

inline bool noted(const SearchResult& result, const std::string& text) {
  for (const auto& note : result.notes) {
    if (note.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace relapse::run
