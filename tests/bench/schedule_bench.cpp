// What deciding orders costs, and what it is worth, on a race of a real program: GNU tar extracts
// two archives into one tree at once, in worlds.
//
// - schedules_vs_uncontrolled: schedules a second against plain runs a second of the same command
//   in the same kind of world, by turns in small rounds, one trial at a time; the median round.
// - runs_to_failure_vs_natural: the mean number of schedules up to the first failure, over the
//   seeds, against the number of plain runs that it takes (all plain runs / failed ones; where none
//   failed, all of them count as one failure, which flatters the plain runs).
// Usage: schedule_bench [FILE]: the ratios as a JSON object go to FILE, or to stdout.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "fault/schedule.h"
#include "os/run_program.h"
#include "run/judge.h"
#include "search/schedule_search.h"
#include "trial/command_plan.h"
#include "trial/supervisor.h"

namespace {

using namespace relapse;
namespace fs = std::filesystem;

constexpr int kRounds = 15;
constexpr int kTrialsInRound = 20;
constexpr int kSeeds = 10;
constexpr int kSchedulesMax = 500;
constexpr int kTimeoutMs = 60'000;

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "schedule_bench: {}\n", why);
  std::exit(1);
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / fmt::format("relapse-bench-{}", ::getpid())) {
    fs::create_directories(path_ / "out");
    const std::string make = fmt::format(
        "cd '{}' && mkdir -p tree/x/y && echo 1 >tree/one && echo 2 >tree/x/two && "
        "echo 3 >tree/x/y/three && tar cf a.tar tree && tar cf b.tar tree && mv tree out",
        path_.string());
    auto made = os::run_program({"sh", "-c", make}, kTimeoutMs);
    if (!made || made->status != 0) {
      give_up("the archives could not be made");
    }
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

model::TrialPlan plan_in(const fs::path& folder) {
  run::CommandRequest command;
  command.command = {"sh", "-c",
                     "tar xf a.tar -C out & one=$!; tar xf b.tar -C out; two=$?; "
                     "wait $one && exit $two"};
  command.folder = folder;
  command.deadline_ms = kTimeoutMs;
  auto plan = run::make_command_plan(command);
  plan.expect.push_back({model::ExitExpectation{0}, ""});
  return plan;
}

struct Round {
  double seconds = 0;
  int failed = 0;
};

Round run_round(run::Supervisor& supervisor, const std::vector<model::TrialPlan>& plans) {
  Round round;
  const auto began = std::chrono::steady_clock::now();
  const auto seen = supervisor.run(plans, 1, {});
  round.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto verdict = run::judge(plans[i], seen[i]);
    if (verdict.kind == model::VerdictKind::kError) {
      give_up(verdict.reason);
    }
    round.failed += verdict.kind == model::VerdictKind::kFail ? 1 : 0;
  }
  return round;
}

double mean_schedules(run::SearchRequest& search, run::Supervisor& supervisor) {
  // Only the search counts: a failing order's replays and reduction come after it.
  int sum = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    fault::Portfolio portfolio(static_cast<std::uint64_t>(seed));
    int trial = 0;
    for (bool failed = false; !failed && trial < kSchedulesMax; ++trial) {
      auto plan = search.plan;
      plan.call_control = run::control_for(search, portfolio.plan(trial));
      const auto seen = supervisor.run({plan}, 1, {}).front();
      failed = run::judge(plan, seen).kind == model::VerdictKind::kFail;
      if (seen.trace) {
        portfolio.observe(*seen.trace);
      }
    }
    sum += trial;
  }
  return static_cast<double>(sum) / kSeeds;
}

}  // namespace

int main(int argc, char** argv) {
  Folder folder;
  auto supervisor = run::Supervisor::start();
  if (!supervisor) {
    give_up(supervisor.error().text());
  }
  run::SearchRequest search;
  search.plan = plan_in(folder.path());
  search.settings.folders = {folder.path()};
  std::vector<double> ratios;
  double plain_s = 0;
  double scheduled_s = 0;
  int plain_failed = 0;
  fault::Portfolio portfolio(0);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<model::TrialPlan> plans(kTrialsInRound, search.plan);
    const auto plain = run_round(**supervisor, plans);
    for (int i = 0; i < kTrialsInRound; ++i) {
      auto& plan = plans[static_cast<size_t>(i)];
      plan.call_control = run::control_for(search, portfolio.plan(round * kTrialsInRound + i));
      plan.call_control->predict = false;
    }
    const auto scheduled = run_round(**supervisor, plans);
    ratios.push_back(plain.seconds / scheduled.seconds);
    plain_s += plain.seconds;
    scheduled_s += scheduled.seconds;
    plain_failed += plain.failed;
  }
  std::sort(ratios.begin(), ratios.end());
  constexpr double kRuns = kRounds * kTrialsInRound;
  const double natural = kRuns / std::max(plain_failed, 1);
  const double schedules = mean_schedules(search, **supervisor);
  fmt::print(stderr,
             "plain runs {:.0f}/s, {} of {:.0f} failed; schedules {:.0f}/s, first failure after "
             "{:.1f} of them\n",
             kRuns / plain_s, plain_failed, kRuns, kRuns / scheduled_s, schedules);
  const nlohmann::json out = {{"schedules_vs_uncontrolled", ratios[ratios.size() / 2]},
                              {"runs_to_failure_vs_natural", schedules / natural}};
  const std::string line = out.dump() + "\n";
  if (argc > 1) {
    std::ofstream file(argv[1]);
    return (file << line).flush() ? 0 : 1;
  }
  return std::fputs(line.c_str(), stdout) < 0 ? 1 : 0;
}
