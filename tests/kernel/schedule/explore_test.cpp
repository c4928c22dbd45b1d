// Races of unmodified programs: found within few schedules, replayed step by step; twins pass.

#include <fmt/format.h>

#include <optional>

#include "catch.h"
#include "fault/explain.h"
#include "fault/reduce.h"
#include "fault/schedule.h"
#include "launcher.h"
#include "os/run_program.h"

using namespace relapse;
using test::Bench;
using test::plan_of;
using test::Trial;
using Argv = std::vector<std::string>;

namespace {

constexpr int kReplays = 20;
constexpr std::uint64_t kSeed = 7;

std::optional<Trial> find_failure(const Bench& bench, const Argv& argv, int trials_max) {
  fault::Portfolio portfolio(kSeed);
  for (int i = 0; i < trials_max; ++i) {
    auto trial = bench.run(argv, portfolio.plan(i));
    REQUIRE(trial.outcome.end == run::ScheduleEnd::kSubjectEnded);
    if (trial.failed()) {
      return trial;
    }
    portfolio.observe(trial.outcome.trace);
  }
  return std::nullopt;
}

std::string told(const Trial& trial) {
  std::string text = fmt::format("exit {}\n{}", trial.exit_code, trial.output);
  for (const auto& event : trial.outcome.trace.events) {
    text += to_text(event) + "\n";
  }
  for (const auto& note : trial.outcome.trace.notes) {
    text += note + "\n";
  }
  return text;
}

void found_and_replayed(const Bench& bench, const Argv& argv, int trials_max) {
  auto found = find_failure(bench, argv, trials_max);
  REQUIRE(found);
  int exact = 0;
  for (int i = 0; i < kReplays; ++i) {
    auto again = bench.run(argv, fault::replay_plan(found->outcome.trace));
    bool same = same_order(again.outcome.trace.events, found->outcome.trace.events) &&
                again.exit_code == found->exit_code && !again.outcome.trace.divergence;
    exact += same ? 1 : 0;
    if (!same) {
      INFO("recorded\n" << told(*found) << "replayed\n" << told(again));
      if (again.outcome.trace.divergence) {
        const auto& divergence = *again.outcome.trace.divergence;
        INFO(divergence.at << " expected " << divergence.expected << " found " << divergence.found);
        CHECK(same);
      }
      CHECK(same);
    }
  }
  CHECK(exact == kReplays);
}

void never_fails(const Bench& bench, const Argv& argv, int trials) {
  auto found = find_failure(bench, argv, trials);
  INFO((found ? told(*found) : ""));
  CHECK_FALSE(found);
}

void make_archives(const Bench& bench) {
  std::string command = fmt::format(
      "cd {} && mkdir -p tree/x/y && echo 1 >tree/one && echo 2 >tree/x/two && "
      "echo 3 >tree/x/y/three && tar cf a.tar tree && tar cf b.tar tree && mkdir out && mv tree "
      "out",
      bench.template_folder());
  auto made = os::run_program({"sh", "-c", command}, 10'000);
  REQUIRE(made);
  REQUIRE(made->status == 0);
}

}  // namespace

TEST_CASE("a threaded downloader's race is found and replayed, dynamic and static") {
  auto kind = GENERATE("dynamic", "static");
  Bench bench("download");
  found_and_replayed(bench, {test::subject(kind), "download-bad", "{}"}, 24);
  never_fails(bench, {test::subject(kind), "download-good", "{}"}, 36);
}

TEST_CASE("a lost update is found where flock is missing, and never where it is held") {
  Bench bench("counter");
  found_and_replayed(bench, {test::subject(), "counter-bad", "{}"}, 24);
  never_fails(bench, {test::subject(), "counter-good", "{}"}, 36);
}

TEST_CASE("two shell processes") {
  Bench bench("shell");
  found_and_replayed(bench, {"sh", test::script("race.sh"), "bad", "{}"}, 24);
  never_fails(bench, {"sh", test::script("race.sh"), "good", "{}"}, 24);
}

TEST_CASE("two extractions by GNU tar into one place") {
  Bench bench("tar");
  make_archives(bench);
  found_and_replayed(bench, {"sh", test::script("tar.sh"), "bad", "{}"}, 36);
  never_fails(bench, {"sh", test::script("tar.sh"), "good", "{}"}, 24);
}

TEST_CASE("node's thread pool") {
  Bench bench("node");
  found_and_replayed(bench, {"node", test::script("race.mjs"), "bad", "{}"}, 24);
  never_fails(bench, {"node", test::script("race.mjs"), "good", "{}"}, 24);
}

TEST_CASE("without a schedule the downloader's race is not lost: the fault makes the difference") {
  Bench bench("calm");
  int failed = 0;
  for (int i = 0; i < 20; ++i) {
    auto trial = bench.run({test::subject(), "download-bad", "{}"}, plan_of("calm"));
    failed += trial.failed() ? 1 : 0;
  }
  CHECK(failed == 0);
}

TEST_CASE("a failing schedule is reduced and explained") {
  Bench bench("reduce");
  Argv argv = {test::subject(), "download-bad", "{}"};
  auto found = find_failure(bench, argv, 24);
  REQUIRE(found);
  auto reduction = fault::reduce(
      found->outcome.trace,
      [&](const model::SchedulePlan& plan) -> model::Result<fault::Attempt> {
        auto trial = bench.run(argv, plan);
        return fault::Attempt{trial.failed(), trial.outcome.trace};
      },
      80);
  REQUIRE(reduction);
  CHECK(reduction->reproduced);
  CHECK(reduction->complete);
  CHECK(count_switches(reduction->failing.events) <= count_switches(found->outcome.trace.events));
  REQUIRE(reduction->passing);
  std::string home = bench.folder() + "/home";
  auto explanation = fault::explain(
      reduction->failing, reduction->passing,
      {{home, "home"}, {home + "/skills/a", "skill a"}, {home + "/skills/b", "skill b"}});
  REQUIRE(explanation);
  INFO(explanation->picture << "\n" << explanation->sentence);
  CHECK_THAT(explanation->sentence, ContainsSubstring("home removed"));
  CHECK_THAT(explanation->picture, ContainsSubstring("←"));
}
