// Programs that are awkward to control, calls made to fail, and control with fewer privileges.

#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <filesystem>

#include "catch.h"
#include "fault/reduce.h"
#include "launcher.h"

using namespace relapse;
using fault::InjectionKind;
using test::Bench;
using test::plan_of;
using test::subject;
using test::Trial;
using test::TrialOptions;

namespace {

constexpr auto kReads = model::PointSet::kReads;

bool noted(const Trial& trial, const std::string& text) {
  for (const auto& note : trial.outcome.trace.notes) {
    if (note.find(text) != std::string::npos) {
      return true;
    }
  }
  return false;
}

// A rule, under every strategy that is asked for; the trial's own account of it.
struct Injected {
  Trial trial;
  bool reached;
};

Injected inject(const Bench& bench, const std::string& mode, const fault::SyscallErrorRule& rule,
                const std::string& strategy = "free") {
  fault::SyscallErrors errors({rule});
  TrialOptions options;
  options.session.errors = &errors;
  options.rule_calls = {rule.call};
  auto trial = bench.run({subject(), mode, "{}"}, plan_of(strategy), options);
  return {std::move(trial), errors.all_reached()};
}

}  // namespace

TEST_CASE("a spinning program comes to its end, and the trace says what it took") {
  Bench bench("spin");
  for (const char* strategy : {"key", "pct", "walk"}) {
    auto trial = bench.run({subject(), "spin", "{}"}, plan_of(strategy));
    CHECK(trial.outcome.end == run::ScheduleEnd::kSubjectEnded);
    CHECK_FALSE(trial.failed());
    CHECK(noted(trial, "kept the CPU"));
  }
}

TEST_CASE("awkward but correct programs never fail") {
  auto mode = GENERATE("compute", "poll", "own-filter", "signals", "leave-cpu", "counter-good");
  Bench bench(mode);
  fault::Portfolio portfolio(3);
  for (int i = 0; i < 12; ++i) {
    auto trial = bench.run({subject(), mode, "{}"}, portfolio.plan(i));
    INFO(mode << " " << i << " " << trial.output);
    CHECK(trial.outcome.end == run::ScheduleEnd::kSubjectEnded);
    CHECK_FALSE(trial.failed());
  }
}

TEST_CASE("a second listener under ours is refused, a plain filter is not") {
  Bench bench("own-filter");
  auto trial = bench.run({subject(), "own-filter", "{}"}, plan_of("key"));
  CHECK_THAT(trial.output, ContainsSubstring("listener: Device or resource busy"));
  CHECK_FALSE(trial.failed());
}

TEST_CASE("a program killed while a call is held ends the trial") {
  Bench bench("killed");
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    auto trial = bench.run({subject(), "killed", "{}"}, plan_of("walk", seed));
    CHECK(trial.outcome.end == run::ScheduleEnd::kSubjectEnded);
    CHECK(trial.exit_code == 128 + SIGKILL);
  }
}

TEST_CASE("a program that never ends meets the deadline") {
  Bench bench("stuck");
  TrialOptions options;
  options.session.limits.deadline_ms = 300;
  auto trial = bench.run({subject(), "stuck", "{}"}, plan_of("key"), options);
  CHECK(trial.outcome.end == run::ScheduleEnd::kDeadline);
  REQUIRE(trial.outcome.trace.events.size() >= 2);
  CHECK(trial.outcome.held.empty());
}

TEST_CASE("there is no way around the filter") {
  Bench bench("around");
  auto trial = bench.run({subject(), "ways-around", "{}"}, plan_of("key"));
  CHECK_THAT(trial.output, ContainsSubstring("io_uring Function not implemented"));
#if defined(__x86_64__)
  CHECK_THAT(trial.output, ContainsSubstring("int80 Function not implemented"));
  CHECK_THAT(trial.output, ContainsSubstring("x32 Function not implemented"));
#endif
}

TEST_CASE("getrandom is a function of the seed") {
  Bench bench("random");
  auto first = bench.run({subject(), "random", "{}"}, plan_of("key", 1));
  auto again = bench.run({subject(), "random", "{}"}, plan_of("key", 1));
  auto other = bench.run({subject(), "random", "{}"}, plan_of("key", 2));
  CHECK_THAT(first.output, ContainsSubstring("random "));
  CHECK(first.output == again.output);
  CHECK(first.output != other.output);
}

TEST_CASE("results are predicted as they come out") {
  Bench bench("predict");
  auto trial = bench.run({"sh", "-c",
                          "cd \"$0\"; mkdir a; mkdir a; rmdir b; mkdir x/y; echo 1 >a/f; rmdir a; "
                          "rm a/f; rmdir a; rm a",
                          "{}"},
                         plan_of("calm"));
  std::vector<int> errors;
  for (const auto& event : trial.outcome.trace.events) {
    if (event.call != "begin") {
      CHECK(event.source == model::ResultSource::kPredicted);
      errors.push_back(event.error);
    }
  }
  CHECK(errors == std::vector<int>{0, EEXIST, ENOENT, ENOENT, 0, ENOTEMPTY, 0, 0, ENOENT});
}

TEST_CASE("the Nth call fails, counted over threads, whatever the order") {
  Bench bench("inject");
  for (const char* strategy : {"free", "key"}) {
    auto result =
        inject(bench, "download-good",
               {"open-create", "*/skills/*", "", 3, {InjectionKind::kErrno, ENOSPC}}, strategy);
    CHECK(result.reached);
    CHECK(result.trial.failed());
    CHECK_THAT(result.trial.output, ContainsSubstring("No space left on device"));
  }
}

TEST_CASE("an injection that was not reached is told from one that did no harm") {
  Bench bench("inject");
  auto result = inject(bench, "download-good", {"mkdir", "", "", 99, {InjectionKind::kErrno, EIO}});
  CHECK_FALSE(result.reached);
  CHECK_FALSE(result.trial.failed());
}

TEST_CASE("a short write writes as much as it says") {
  Bench bench("short");
  auto result = inject(bench, "writer", {"write", "*/out", "", 2, {InjectionKind::kShortWrite, 3}});
  CHECK(result.reached);
  CHECK(result.trial.output == "10 \n3 \n10 \n10 \n");
  CHECK(std::filesystem::file_size(bench.folder() + "/out") == 33);
}

TEST_CASE("a sweep fails every call once and then stops") {
  Bench bench("sweep");
  fault::SyscallErrorSweep sweep({"write", "*/out", "", 1, {InjectionKind::kErrno, EIO}}, 20);
  int failed = 0;
  while (auto rule = sweep.next()) {
    auto result = inject(bench, "writer", *rule);
    failed += result.trial.output.find("Input/output error") != std::string::npos ? 1 : 0;
    sweep.ran(result.reached);
  }
  CHECK(failed == 4);
  CHECK(sweep.tried() == 4);
  CHECK_FALSE(sweep.cut_off());
}

TEST_CASE("without a real-time policy control is looser, and said to be") {
  Bench bench("modes");
  TrialOptions options;
  options.session.best_mode = run::ControlMode::kProcOnly;
  int failed = 0;
  fault::Portfolio portfolio(5);
  for (int i = 0; i < 24; ++i) {
    auto plan = portfolio.plan(i);
    auto bad = bench.run({subject(), "download-bad", "{}"}, plan, options);
    CHECK(bad.mode == run::ControlMode::kProcOnly);
    CHECK(noted(bad, "/proc alone"));
    failed += bad.failed() ? 1 : 0;
    auto good = bench.run({subject(), "download-good", "{}"}, plan, options);
    CHECK_FALSE(good.failed());
    CHECK(good.outcome.end == run::ScheduleEnd::kSubjectEnded);
  }
  CHECK(failed > 0);
}

TEST_CASE("points outside the folders are nobody's business") {
  Bench bench("folders");
  TrialOptions options;
  options.folders = {bench.folder() + "/home/skills"};
  auto trial = bench.run({subject(), "download-good", "{}"}, plan_of("key", 1, kReads), options);
  for (const auto& event : trial.outcome.trace.events) {
    for (const auto& path : event.paths) {
      CHECK_THAT(path, ContainsSubstring("/home/skills"));
    }
  }
  CHECK(trial.outcome.trace.events.size() > 10);
}
