// The search over a simulated subject: no kernel, no worlds.

#include "search/schedule_search.h"

#include "catch.h"
#include "control/path_hints.h"
#include "control/schedule_controller.h"
#include "unit/control/sim.h"

using namespace relapse;
using model::VerdictKind;
using test::SimGate;

namespace {

using Scripts = std::vector<std::vector<test::Step>>;

// What a trial of the scripts shows: exit 1 where the program has failed.
model::Observation simulate(const Scripts& scripts, const model::TrialPlan& plan) {
  model::Observation seen;
  SimGate gate(scripts);
  auto outcome =
      run::ScheduleController(gate, plan.call_control.value().schedule, {}, run::ScheduleHooks{})
          .run();
  REQUIRE(outcome);
  seen.end = model::TrialEnd::kExited;
  seen.exit_code = gate.failed() ? 1 : 0;
  seen.duration_ms = 1;
  seen.trace = std::move(outcome->trace);
  return seen;
}

run::SearchHooks hooks_for(const std::function<model::Observation(const model::TrialPlan&)>& run) {
  run::SearchHooks hooks;
  hooks.run = [run](const std::vector<model::TrialPlan>& plans) {
    std::vector<model::Observation> seen;
    for (const auto& plan : plans) {
      seen.push_back(run(plan));
    }
    return seen;
  };
  hooks.judge = [](const model::TrialPlan&, const model::Observation& seen) -> model::Verdict {
    if (seen.end != model::TrialEnd::kExited) {
      return {
          seen.end == model::TrialEnd::kDeadline ? VerdictKind::kInconclusive : VerdictKind::kError,
          "not run to its end"};
    }
    return seen.exit_code == 0 ? model::Verdict{VerdictKind::kPass, ""}
                               : model::Verdict{VerdictKind::kFail, "lost"};
  };
  return hooks;
}

run::SearchHooks simulated(const Scripts& scripts) {
  return hooks_for([scripts](const auto& plan) { return simulate(scripts, plan); });
}

}  // namespace

TEST_CASE("a failing order is found, replayed, reduced, and the same whenever it is searched") {
  run::SearchRequest request;
  request.seed = 3;
  auto found = run::search_schedules(request, simulated(test::incident()));
  REQUIRE(found.verdict.kind == VerdictKind::kFail);
  CHECK(found.verdict.reason == "lost");
  CHECK(found.trials.failed == 1);
  CHECK(found.trials.first_failure == found.trials.run);
  CHECK(found.schedule["replays"]["failed"] == found.schedule["replays"]["run"]);
  CHECK(found.schedule["replays"]["same_order"] == found.schedule["replays"]["run"]);
  CHECK(found.schedule["reduced"]["complete"] == true);
  CHECK(found.schedule["reduced"]["switches"] <= 2);

  auto again = run::search_schedules(request, simulated(test::incident()));
  CHECK(again.trials.first_failure == found.trials.first_failure);
  CHECK(again.schedule == found.schedule);

  auto replayed = run::replay_schedule(request, simulated(test::incident()), found.schedule);
  CHECK(replayed.verdict.kind == VerdictKind::kFail);
  REQUIRE(replayed.notes.size() == 1);
  CHECK_THAT(replayed.notes[0], ContainsSubstring("in the same order as recorded"));
}

TEST_CASE("a replay that cannot follow says so, and tells no old failure") {
  run::SearchRequest request;
  auto found = run::search_schedules(request, simulated(test::incident()));
  REQUIRE(found.verdict.kind == VerdictKind::kFail);
  auto other = test::incident();
  other[1][0].path = "/w/another";
  other[1][1].path = "/w/another/one";
  auto replayed = run::replay_schedule(request, simulated(other), found.schedule);
  CHECK(replayed.verdict.kind == VerdictKind::kPass);
  REQUIRE(replayed.notes.size() == 1);
  CHECK_THAT(replayed.notes[0], ContainsSubstring("diverged"));
  CHECK_FALSE(replayed.schedule.contains("explanation"));
  CHECK(run::replay_schedule(request, simulated(other), {{"seed", 1}}).verdict.kind ==
        VerdictKind::kError);
}

TEST_CASE("a failure that does not come again is reported as such") {
  int runs = 0;
  auto hooks = hooks_for([&runs](const auto& plan) {
    auto seen = simulate(test::incident(), plan);
    seen.exit_code = ++runs == 5 ? 1 : 0;
    return seen;
  });
  auto found = run::search_schedules({}, hooks);
  CHECK(found.verdict.kind == VerdictKind::kFail);
  CHECK(found.trials.first_failure == 5);
  REQUIRE_FALSE(found.notes.empty());
  CHECK_THAT(found.notes[0], ContainsSubstring("did not fail again"));
  CHECK_FALSE(found.schedule.contains("reduced"));
}

TEST_CASE("what cannot be judged, decided or started is no pass") {
  auto never_ends = hooks_for([](const auto&) {
    model::Observation seen;
    seen.end = model::TrialEnd::kDeadline;
    return seen;
  });
  auto result = run::search_schedules({}, never_ends);
  CHECK(result.verdict.kind == VerdictKind::kInconclusive);
  CHECK(result.trials.run < 10);

  result = run::search_schedules({}, simulated({{}}));
  CHECK(result.verdict.kind == VerdictKind::kInconclusive);
  CHECK_THAT(result.verdict.reason, ContainsSubstring("no call"));

  auto broken = hooks_for([](const auto&) { return model::Observation(); });
  result = run::search_schedules({}, broken);
  CHECK(result.verdict.kind == VerdictKind::kError);
  CHECK(result.trials.run == 1);
}

TEST_CASE("the order of a single actor is tried a few times and no more") {
  auto result = run::search_schedules({}, simulated({{{"mkdir", "/a"}, {"mkdir", "/b"}}}));
  CHECK(result.verdict.kind == VerdictKind::kPass);
  CHECK(result.trials.run < 200);
  REQUIRE(result.notes.size() == 1);
}

TEST_CASE("work is named by the files that list it") {
  model::WorldSpec world;
  world.files.push_back({model::WorldFile::Kind::kFile, "/m.json",
                         R"({"storages": [{"mountPath": "/home/u/.c", "archiveUrl": "http://x/a"},
                             {"mountPath": "/home/u/.c/skills/"}], "cleanupPaths": ["/home/u/old"],
                             "elsewhere": "/etc"})",
                         0644});
  world.files.push_back({model::WorldFile::Kind::kFile, "/n.txt", "/home/u/no", 0644});
  auto hints = run::hints_from_files(world, {"/home/u"});
  REQUIRE(hints.size() == 3);
  CHECK(hints[0].name == "cleanupPaths.0");
  CHECK(hints[1].name == "storages.0");
  CHECK(hints[1].path == "/home/u/.c");
  CHECK(hints[2].name == "storages.1");
  CHECK(hints[2].path == "/home/u/.c/skills");
}
