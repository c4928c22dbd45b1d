// Replies as events of a schedule, without a kernel and without a server.

#include <algorithm>

#include "catch.h"
#include "control/schedule_controller.h"
#include "fault/explain.h"
#include "fault/reduce.h"

using namespace relapse;

namespace {

// One thread that has asked for /a and /b, and makes a file for each answer. It fails if /b comes
// first. Both ends of the network in one.
class Client : public run::ScheduleGate, public run::ReplySource {
 public:
  bool failed() const { return got_.size() == 2 && got_[0] == "b"; }
  bool hangs_up = false;  // has closed its connection for /b before the answer

  model::Result<run::Arrivals> receive(int) override {
    run::Arrivals arrivals;
    if (!held_ && made_ < got_.size()) {
      held_ = true;
      run::HeldCall call;
      call.id = 1;
      call.tid = kTid;
      call.call = "open-create";
      call.paths = {"/w/" + got_[made_]};
      arrivals.calls.push_back(call);
    }
    arrivals.ended = made_ == (hangs_up ? 1U : 2U);
    return arrivals;
  }
  model::Result<bool> reply(const run::HeldCall&, const run::Answer&) override {
    held_ = false;
    ++made_;
    return true;
  }
  run::Stillness is_quiet(const std::set<int>& held) override {
    // What was let go while the fakes were not looked at must not count as quiet.
    return {true, held.empty(), 0, {kTid}};
  }
  std::string program(int) override { return "client"; }
  std::vector<std::string> notes() const override { return {}; }

  run::Replies settle() override {
    run::Replies out;
    // The first look comes before the requests are in.
    out.activity = asked_ ? 2 + got_.size() : 0;
    for (const auto* name : {"b", "a"}) {
      if (asked_ && std::find(got_.begin(), got_.end(), name) == got_.end() && !gone(name)) {
        out.ready.push_back(
            {static_cast<std::uint64_t>(name[0]), "storage", std::string("GET /") + name, 1, 200});
      }
    }
    asked_ = true;
    return out;
  }
  bool deliver(std::uint64_t id) override {
    const std::string name(1, static_cast<char>(id));
    if (hangs_up && name == "b") {
      told_ = true;
      return false;
    }
    got_.push_back(name);
    return true;
  }

 private:
  static constexpr int kTid = 7;
  bool gone(const std::string& name) const { return hangs_up && told_ && name == "b"; }
  std::vector<std::string> got_;
  size_t made_ = 0;
  bool held_ = false;
  bool asked_ = false;
  bool told_ = false;
};

struct RanWithReplies {
  bool failed;
  model::ScheduleTrace trace;
};

RanWithReplies run_client(const model::SchedulePlan& plan, bool hangs_up = false) {
  Client client;
  client.hangs_up = hangs_up;
  run::ScheduleHooks hooks;
  hooks.replies = &client;
  auto outcome = run::ScheduleController(client, plan, {}, std::move(hooks)).run();
  REQUIRE(outcome);
  CHECK(outcome->end == run::ScheduleEnd::kSubjectEnded);
  return {client.failed(), std::move(outcome->trace)};
}

model::SchedulePlan plan_with_replies(const std::string& strategy, int seed) {
  model::SchedulePlan plan;
  plan.strategy = strategy;
  plan.seed = static_cast<std::uint64_t>(seed);
  plan.depth = 2;
  plan.steps = 4;
  return plan;
}

}  // namespace

TEST_CASE("every strategy finds the order of replies that fails, and replays follow it") {
  for (const char* strategy : {"key", "event", "walk", "pct"}) {
    INFO(strategy);
    int failed = 0;
    for (int seed = 0; seed < 40; ++seed) {
      auto ran = run_client(plan_with_replies(strategy, seed));
      auto same = run_client(plan_with_replies(strategy, seed));
      CHECK(model::same_order(ran.trace.events, same.trace.events));
      auto again = run_client(fault::replay_plan(ran.trace));
      CHECK(model::same_order(ran.trace.events, again.trace.events));
      CHECK_FALSE(again.trace.divergence);
      CHECK(again.failed == ran.failed);
      failed += ran.failed ? 1 : 0;
    }
    CHECK(failed > 0);
    CHECK(failed < 40);
  }
}

TEST_CASE("undisturbed, replies come when nothing else can go, and each is an actor's only step") {
  auto ran = run_client(plan_with_replies("calm", 1));
  CHECK_FALSE(ran.failed);
  const auto& events = ran.trace.events;
  REQUIRE(events.size() == 4);
  CHECK(model::to_text(events[0]) == "storage GET /a reply 200 GET /a");
  CHECK(events[0].is_reply());
  CHECK(events[1].paths[0] == "/w/a");
  CHECK(events[2].actor == "storage GET /b");
  CHECK(ran.trace.programs.at("storage GET /b") == "storage");
}

TEST_CASE("a reply to a client that has gone is in the trace as not made") {
  bool met = false;
  for (int seed = 0; seed < 20; ++seed) {
    auto ran = run_client(plan_with_replies("walk", seed), true);
    for (const auto& event : ran.trace.events) {
      met = met || event.withdrawn;
      CHECK(event.withdrawn == (event.actor == "storage GET /b"));
    }
  }
  CHECK(met);
}

TEST_CASE("a failing order of replies is reduced and explained") {
  for (int seed = 0; seed < 40; ++seed) {
    auto found = run_client(plan_with_replies("walk", seed));
    if (!found.failed) {
      continue;
    }
    auto reduction = fault::reduce(
        found.trace,
        [](const model::SchedulePlan& plan) -> model::Result<fault::Attempt> {
          auto ran = run_client(plan);
          return fault::Attempt{ran.failed, ran.trace};
        },
        100);
    REQUIRE(reduction);
    CHECK(reduction->reproduced);
    auto explanation = fault::explain(reduction->failing, reduction->passing, {});
    REQUIRE(explanation);
    CHECK(explanation->sentence == "storage answered GET /b before it answered GET /a.");
    return;
  }
  FAIL("no order failed");
}
