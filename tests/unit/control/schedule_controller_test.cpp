#include "control/schedule_controller.h"

#include <fmt/format.h>

#include "catch.h"
#include "fault/reduce.h"
#include "unit/control/sim.h"

using namespace relapse;
using test::SimGate;
using test::Step;

namespace {

struct Ran {
  bool failed;
  run::ScheduleOutcome outcome;
};

Ran run_scripts(const std::vector<std::vector<Step>>& scripts, const model::SchedulePlan& plan,
                run::ScheduleHooks hooks = {}) {
  SimGate gate(scripts);
  auto outcome = run::ScheduleController(gate, plan, {}, std::move(hooks)).run();
  REQUIRE(outcome);
  return {gate.failed(), std::move(*outcome)};
}

model::SchedulePlan plan_of(const std::string& strategy, std::uint64_t seed) {
  model::SchedulePlan plan;
  plan.strategy = strategy;
  plan.seed = seed;
  plan.depth = 2;
  plan.steps = 10;
  return plan;
}

int failures(const std::string& strategy, int seeds) {
  int failed = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    failed +=
        run_scripts(test::incident(), plan_of(strategy, static_cast<std::uint64_t>(seed))).failed
            ? 1
            : 0;
  }
  return failed;
}

}  // namespace

TEST_CASE("every strategy finds the simulated incident, and nothing finds what is not there") {
  for (const char* strategy : {"key", "event", "walk", "pct"}) {
    INFO(strategy);
    int failed = failures(strategy, 100);
    CHECK(failed > 0);
    CHECK(failed < 100);
  }
  CHECK(failures("calm", 1) == 0);
  // Its twin uses its folder under a name of its own.
  auto twin = test::incident();
  twin[0][1].path = "/w/other";
  for (int seed = 0; seed < 100; ++seed) {
    for (const char* strategy : {"key", "event", "walk", "pct"}) {
      CHECK_FALSE(run_scripts(twin, plan_of(strategy, static_cast<std::uint64_t>(seed))).failed);
    }
  }
}

TEST_CASE("the same plan gives the same trace, and a replay follows any trace exactly") {
  for (int seed = 0; seed < 50; ++seed) {
    auto plan = plan_of(seed % 2 == 0 ? "walk" : "key", static_cast<std::uint64_t>(seed));
    auto first = run_scripts(test::incident(), plan);
    auto second = run_scripts(test::incident(), plan);
    CHECK(same_order(first.outcome.trace.events, second.outcome.trace.events));
    auto again = run_scripts(test::incident(), fault::replay_plan(first.outcome.trace));
    CHECK(same_order(first.outcome.trace.events, again.outcome.trace.events));
    CHECK(again.failed == first.failed);
    CHECK_FALSE(again.outcome.trace.divergence);
  }
}

TEST_CASE("a replay that cannot follow says where") {
  auto trace = run_scripts(test::incident(), plan_of("calm", 1)).outcome.trace;
  auto other = test::incident();
  other[2][1].path = "/n/renamed";
  auto again = run_scripts(other, fault::replay_plan(trace));
  REQUIRE(again.outcome.trace.divergence);
  CHECK_THAT(again.outcome.trace.divergence->expected, ContainsSubstring("/n/a"));
  CHECK_THAT(again.outcome.trace.divergence->found, ContainsSubstring("/n/renamed"));
  // And goes on to the end all the same.
  CHECK(again.outcome.end == run::ScheduleEnd::kSubjectEnded);
  CHECK(again.outcome.trace.events.size() == trace.events.size());
}

TEST_CASE("a failing schedule is reduced to the fewest switches") {
  // The race needs mkdir by the second, rmdir by the first, open by the second: one must be forced,
  // for the first then ends by itself; the bystander comes in where it may.
  int checked = 0;
  for (int seed = 0; seed < 200 && checked < 10; ++seed) {
    auto found = run_scripts(test::incident(), plan_of("walk", static_cast<std::uint64_t>(seed)));
    if (!found.failed) {
      continue;
    }
    ++checked;
    auto reduction = fault::reduce(
        found.outcome.trace,
        [](const model::SchedulePlan& plan) -> model::Result<fault::Attempt> {
          auto ran = run_scripts(test::incident(), plan);
          return fault::Attempt{ran.failed, ran.outcome.trace};
        },
        200);
    REQUIRE(reduction);
    CHECK(reduction->reproduced);
    CHECK(reduction->complete);
    CHECK(fault::count_forced(reduction->failing) == 1);
    CHECK(count_switches(reduction->failing.events) <= 4);
    REQUIRE(reduction->passing);
  }
  CHECK(checked == 10);
}

TEST_CASE("who goes on where the turn passes by itself is no switch") {
  // The first one begins and ends; then whichever of the two others begins, one switch between
  // the other's lock and unlock is enough.
  std::vector<std::vector<Step>> scripts = {
      {{"stat", "/", true}},
      {{"mkdir", "/x"}, {"lock", "/t"}, {"unlock", "/t"}, {"mkdir", "/y"}},
      {{"mkdir", "/z"}, {"mkdir", "/w"}, {"lock", "/t"}, {"unlock", "/t"}},
  };
  int checked = 0;
  for (std::uint64_t seed = 0; seed < 200 && checked < 10; ++seed) {
    auto found = run_scripts(scripts, plan_of("walk", seed));
    if (!found.failed) {
      continue;
    }
    ++checked;
    auto reduction = fault::reduce(
        found.outcome.trace,
        [&scripts](const model::SchedulePlan& plan) -> model::Result<fault::Attempt> {
          auto ran = run_scripts(scripts, plan);
          return fault::Attempt{ran.failed, ran.outcome.trace};
        },
        200);
    REQUIRE(reduction);
    CHECK(reduction->complete);
    CHECK(fault::count_forced(reduction->failing) == 1);
  }
  CHECK(checked == 10);
}

TEST_CASE("what does not fail again is not reduced") {
  auto trace = run_scripts(test::incident(), plan_of("calm", 1)).outcome.trace;
  auto reduction = fault::reduce(
      trace,
      [](const model::SchedulePlan& plan) -> model::Result<fault::Attempt> {
        return fault::Attempt{false, run_scripts(test::incident(), plan).outcome.trace};
      },
      50);
  REQUIRE(reduction);
  CHECK_FALSE(reduction->reproduced);
  CHECK(reduction->runs == 1);
}

TEST_CASE("one who polls is not let starve the holder of what it waits for") {
  // Without bounded unfairness a strategy that prefers the poller spends all its tries.
  std::vector<std::vector<Step>> scripts = {
      {{"lock", "/lock", false, fault::kRepeatsMax * 3},
       {"mkdir", "/a"},
       {"mkdir", "/b"},
       {"unlock", "/lock"}},
      {{"lock", "/lock", false, fault::kRepeatsMax * 3}, {"unlock", "/lock"}},
  };
  for (int seed = 0; seed < 100; ++seed) {
    for (const char* strategy : {"key", "event", "walk", "pct"}) {
      INFO(strategy << " " << seed);
      CHECK_FALSE(run_scripts(scripts, plan_of(strategy, static_cast<std::uint64_t>(seed))).failed);
    }
  }
}

TEST_CASE("who trusts in a sleep is found out, and the order replayed") {
  std::vector<std::vector<Step>> scripts = {
      {{"stat", "/", true}, {"sleep", ""}, {"stat", "/d"}},
      {{"mkdir", "/x"}, {"mkdir", "/y"}, {"mkdir", "/d"}},
  };
  CHECK_FALSE(run_scripts(scripts, plan_of("calm", 1)).failed);
  for (const char* strategy : {"key", "event", "walk", "pct"}) {
    int found = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      auto ran = run_scripts(scripts, plan_of(strategy, seed));
      found += ran.failed ? 1 : 0;
      const auto& trace = ran.outcome.trace;
      auto again = run_scripts(scripts, fault::replay_plan(trace));
      CHECK(again.failed == ran.failed);
      CHECK(same_order(again.outcome.trace.events, trace.events));
      auto forced = trace.plan;
      forced.strategy = "switches";
      forced.order = trace.events;
      forced.switches = fault::switches_of(trace.events);
      CHECK(run_scripts(scripts, forced).failed == ran.failed);
    }
    INFO(strategy);
    CHECK(found > 2);
  }
}

TEST_CASE("a loop of sleeps is polling, and is not waited for again and again") {
  std::vector<Step> poller;
  for (int i = 0; i < 50; ++i) {
    poller.push_back({"sleep", ""});
    poller.push_back({"stat", "/d", true});
  }
  std::vector<std::vector<Step>> scripts = {poller, {{"mkdir", "/x"}, {"mkdir", "/d"}}};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    auto ran = run_scripts(scripts, plan_of("pct", seed));
    const auto& events = ran.outcome.trace.events;
    CHECK(std::count_if(events.begin(), events.end(),
                        [](const auto& event) { return event.call == fault::kSleep; }) <= 2);
  }
}

TEST_CASE("a call whose caller went away is in the trace as not made, and comes again") {
  SimGate gate(test::incident());
  gate.lost_a_call = true;
  auto outcome = run::ScheduleController(gate, plan_of("calm", 1), {}, {}).run();
  REQUIRE(outcome);
  const auto& events = outcome->trace.events;
  REQUIRE(events.size() == 11);
  CHECK(events[0].withdrawn);
  CHECK(events[1].same_step(events[0]));
  auto again = run_scripts(test::incident(), fault::replay_plan(outcome->trace));
  CHECK_FALSE(again.outcome.trace.divergence);
}

TEST_CASE("a failing call is injected once over the whole program, and stands in the trace") {
  fault::SyscallErrors errors({{"open-create", "/n/*", "", 2, {fault::InjectionKind::kErrno, 28}}});
  run::ScheduleHooks hooks;
  hooks.errors = &errors;
  auto ran = run_scripts(test::incident(), plan_of("calm", 1), hooks);
  CHECK(ran.failed);
  CHECK(errors.all_reached());
  int injected = 0;
  for (const auto& event : ran.outcome.trace.events) {
    if (event.source == model::ResultSource::kInjected) {
      ++injected;
      CHECK(event.error == 28);
      CHECK(event.paths[0] == "/n/b");
    }
  }
  CHECK(injected == 1);
}

TEST_CASE("a delayed call goes on when its time has come, and others pass it") {
  auto now = std::chrono::steady_clock::time_point();
  fault::SyscallErrors errors({{"mkdir", "/n", "", 1, {fault::InjectionKind::kDelay, 5}}});
  run::ScheduleHooks hooks;
  hooks.errors = &errors;
  hooks.now = [&] { return now += std::chrono::microseconds(300); };
  auto ran = run_scripts(test::incident(), plan_of("calm", 1), hooks);
  const auto& events = ran.outcome.trace.events;
  REQUIRE(events.size() == 10);
  CHECK(events[6].paths[0] == "/n");  // behind the six calls of the two others
}

TEST_CASE("the deadline ends a run whose subject does not") {
  auto now = std::chrono::steady_clock::time_point();
  run::ScheduleHooks hooks;
  hooks.now = [&] { return now += std::chrono::seconds(10); };
  auto ran = run_scripts(test::incident(), plan_of("calm", 1), hooks);
  CHECK(ran.outcome.end == run::ScheduleEnd::kDeadline);
}

TEST_CASE("free lets calls go as they come") {
  auto ran = run_scripts(test::incident(), plan_of("free", 1));
  CHECK(ran.outcome.end == run::ScheduleEnd::kSubjectEnded);
  CHECK(ran.outcome.trace.events.size() == (ran.failed ? 9U : 10U));  // a failed actor stops
}

TEST_CASE("an unknown strategy is an error that names the known ones") {
  SimGate gate(test::incident());
  auto outcome = run::ScheduleController(gate, plan_of("luck", 1), {}, {}).run();
  REQUIRE_FALSE(outcome);
  CHECK_THAT(outcome.error().text(), ContainsSubstring("pct"));
}
