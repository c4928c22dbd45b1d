#include "fault/schedule.h"

#include <map>
#include <set>

#include "catch.h"
#include "fault/hash.h"
#include "model/schedule.h"

using namespace relapse;
using model::ScheduleEvent;

namespace {

ScheduleEvent held_event(const std::string& actor, const std::string& call, const std::string& path,
                         int occurrence = 1) {
  ScheduleEvent out;
  out.actor = actor;
  out.call = call;
  out.paths = {path};
  out.occurrence = occurrence;
  return out;
}

std::unique_ptr<fault::Strategy> strategy(const std::string& name, std::uint64_t seed,
                                          int depth = 0, int steps = 0) {
  model::SchedulePlan plan;
  plan.strategy = name;
  plan.seed = seed;
  plan.depth = depth;
  plan.steps = steps;
  auto made = fault::make_strategy(plan);
  REQUIRE(made);
  return std::move(*made);
}

}  // namespace

TEST_CASE("key: content decides, whoever it is that calls") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto a = strategy("key", seed);
    std::vector<ScheduleEvent> one = {held_event("0.1", "mkdir", "/x"),
                                      held_event("0.2", "rmdir", "/y")};
    std::vector<ScheduleEvent> other = {held_event("0.7", "rmdir", "/y"),
                                        held_event("0.9", "mkdir", "/x")};
    CHECK(one[*a->choose(one, false)].call == other[*a->choose(other, false)].call);
  }
}

TEST_CASE("key: equal contents of symmetric actors are not always won by the same one") {
  std::map<std::string, int> wins;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    std::vector<ScheduleEvent> ready = {held_event("0.1", "mkdir", "/x"),
                                        held_event("0.2", "mkdir", "/x")};
    ++wins[ready[*strategy("key", seed)->choose(ready, false)].actor];
  }
  CHECK(wins["0.1"] > 20);
  CHECK(wins["0.2"] > 20);
}

TEST_CASE("pct: priorities hold but for d-1 changes within k steps") {
  constexpr int kSteps = 30;
  for (int depth : {2, 3, 4}) {
    std::set<int> seen;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      auto pct = strategy("pct", seed, depth, kSteps);
      std::string running;
      int switches = 0;
      // Actors that never block: only a change can pass the turn.
      for (int step = 0; step < kSteps; ++step) {
        std::vector<ScheduleEvent> ready = {held_event("0.1", "mkdir", "/a"),
                                            held_event("0.2", "mkdir", "/b"),
                                            held_event("0.3", "mkdir", "/c")};
        const auto& chosen = ready[*pct->choose(ready, false)];
        switches += !running.empty() && running != chosen.actor ? 1 : 0;
        running = chosen.actor;
        pct->made(chosen);
      }
      CHECK(switches <= depth - 1);
      seen.insert(switches);
    }
    CHECK(seen.count(depth - 1) == 1);
  }
}

TEST_CASE("walk: every held call is chosen about as often") {
  auto walk = strategy("walk", 3);
  std::map<std::string, int> count;
  std::vector<ScheduleEvent> ready = {held_event("0.1", "a", "/"), held_event("0.2", "a", "/"),
                                      held_event("0.3", "a", "/"), held_event("0.4", "a", "/")};
  for (int i = 0; i < 4000; ++i) {
    const auto& chosen = ready[*walk->choose(ready, false)];
    ++count[chosen.actor];
    walk->made(chosen);
  }
  for (const auto& [actor, times] : count) {
    CHECK(times > 800);
    CHECK(times < 1200);
  }
}

TEST_CASE("the portfolio rotates over strategies and points, and learns k") {
  fault::Portfolio portfolio(11);
  std::set<std::string> strategies;
  std::set<model::PointSet> points;
  std::set<std::uint64_t> seeds;
  for (int i = 0; i < 24; ++i) {
    auto plan = portfolio.plan(i);
    strategies.insert(plan.strategy);
    points.insert(plan.points);
    seeds.insert(plan.seed);
    CHECK(fault::make_strategy(plan).ok());
    CHECK((plan.strategy == "pct") == (plan.steps > 0));
  }
  CHECK(strategies == std::set<std::string>{"key", "event", "walk", "pct"});
  CHECK(points.size() == 2);
  CHECK(seeds.size() == 24);
  model::ScheduleTrace trace;
  trace.plan.points = model::PointSet::kMutations;
  trace.events.resize(123);
  portfolio.observe(trace);
  CHECK(portfolio.plan(3).strategy == "pct");
  CHECK(portfolio.plan(3).steps == 123);
}

TEST_CASE("a replay waits for a recorded call while it may come") {
  model::SchedulePlan plan;
  plan.strategy = "replay";
  plan.order = {held_event("0.1", "mkdir", "/a"), held_event("0.2", "mkdir", "/b")};
  auto made = fault::make_strategy(plan);
  REQUIRE(made);
  auto& replay = **made;
  std::vector<ScheduleEvent> only_second = {plan.order[1]};
  CHECK_FALSE(replay.choose(only_second, true).has_value());
  CHECK_FALSE(replay.divergence());
  CHECK(replay.choose(only_second, false) == 0);
  CHECK(replay.divergence());
}

TEST_CASE("plan and trace survive JSON") {
  model::ScheduleTrace trace;
  trace.plan.strategy = "pct";
  trace.plan.seed = 0xffffffffffffffff;
  trace.plan.points = model::PointSet::kReads;
  trace.plan.depth = 3;
  trace.plan.steps = 99;
  trace.plan.switches = {{"0.1", 4, "0.2"}};
  trace.plan.order = {held_event("0.1", "rename", "/a", 2)};
  trace.plan.order[0].paths.emplace_back("/b");
  trace.events = {held_event("0.1", "mkdir", "/a"), held_event("0.2", "readlink", "/a")};
  trace.events[0].source = model::ResultSource::kPredicted;
  trace.events[1].source = model::ResultSource::kInjected;
  trace.events[1].error = 2;
  trace.events[1].withdrawn = true;
  trace.programs = {{"0.1", "sh"}};
  trace.actors_max = 2;
  trace.divergence = model::Divergence{1, "this", "that"};
  trace.notes = {"a remark"};
  auto text = to_json(trace).dump();
  auto back = model::trace_from_json(nlohmann::json::parse(text));
  REQUIRE(back);
  CHECK(to_json(*back).dump() == text);
  CHECK(back->events[1].withdrawn);
  CHECK(back->plan.order[0].same_step(trace.plan.order[0]));
  CHECK(back->plan.switches == trace.plan.switches);
}

TEST_CASE("what is no schedule is an error, not an exception") {
  CHECK_FALSE(model::trace_from_json(nlohmann::json::parse("{}")));
  CHECK_FALSE(model::plan_from_json(nlohmann::json::parse("[1]")));
  auto bad = R"({"strategy":"key","seed":1,"points":"everything"})";
  CHECK_FALSE(model::plan_from_json(nlohmann::json::parse(bad)));
  auto bad_type = R"({"strategy":"key","seed":"x","points":"reads"})";
  CHECK_FALSE(model::plan_from_json(nlohmann::json::parse(bad_type)));
}

TEST_CASE("follow: calls that the record knows nothing of pass at once, the others in its order") {
  model::SchedulePlan plan;
  plan.strategy = "follow";
  plan.order = {held_event("0.2", "mkdir", "/b"), held_event("0.1", "mkdir", "/a")};
  auto made = fault::make_strategy(plan);
  REQUIRE(made);
  auto& follow = **made;
  std::vector<ScheduleEvent> ready = {held_event("0.1", "stat", "/a"),
                                      held_event("0.2", "mkdir", "/b")};
  REQUIRE(follow.choose(ready, false) == 0);
  follow.made(ready[0]);
  ready[0] = held_event("0.1", "mkdir", "/a");
  REQUIRE(follow.choose(ready, false) == 1);
  follow.made(ready[1]);
  REQUIRE(follow.choose({ready[0]}, false) == 0);
  follow.made(ready[0]);
  CHECK_FALSE(follow.divergence());
}
