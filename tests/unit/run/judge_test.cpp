#include "run/judge.h"

#include "catch.h"

using namespace relapse;
using model::TrialEnd;
using model::VerdictKind;

namespace {

model::Call call(const char* fake, const char* target, const char* body) {
  model::Call one;
  one.fake = fake;
  one.method = "POST";
  one.target = target;
  one.request_body = body;
  return one;
}

model::TrialPlan plan_expecting(std::vector<model::Expectation> expect) {
  model::TrialPlan plan;
  plan.expect = std::move(expect);
  return plan;
}

model::Observation exited(int code) {
  model::Observation seen;
  seen.end = TrialEnd::kExited;
  seen.exit_code = code;
  seen.duration_ms = 1000;
  seen.first_sign_ms = 100;
  return seen;
}

}  // namespace

TEST_CASE("an exit code is what was expected, or the reason") {
  auto plan = plan_expecting({{model::ExitExpectation{0}, ""}});
  CHECK(run::judge(plan, exited(0)).kind == VerdictKind::kPass);
  auto verdict = run::judge(plan, exited(3));
  CHECK(verdict.kind == VerdictKind::kFail);
  CHECK(verdict.reason == "the subject exited with 3, not 0");
  auto killed = exited(9);
  killed.signaled = true;
  CHECK(run::judge(plan, killed).reason == "the subject was ended by signal 9");
}

TEST_CASE("a call matches by path without query, by content and by a part of its body") {
  model::CallExpectation wanted{"plane", "POST", "/complete", "", {{"exitCode", 0}}};
  auto plan = plan_expecting({{wanted, "not complete"}});
  auto seen = exited(0);
  CHECK(run::judge(plan, seen).reason == "not complete (no POST /complete of the plane fake)");
  seen.calls = {call("plane", "/complete?x=1", R"({"exitCode": 1, "runId": "r"})")};
  CHECK(run::judge(plan, seen).kind == VerdictKind::kFail);
  seen.calls.push_back(call("plane", "/complete?x=1", R"({"exitCode": 0, "runId": "r"})"));
  CHECK(run::judge(plan, seen).kind == VerdictKind::kPass);
  seen.calls = {call("plane", "/complete", "not JSON")};
  CHECK(run::judge(plan, seen).kind == VerdictKind::kFail);

  wanted = {"plane", "", "/events", "word", nullptr};
  seen.calls = {call("model", "/events", "word"), call("plane", "/events", "wor")};
  CHECK(run::judge(plan_expecting({{wanted, ""}}), seen).kind == VerdictKind::kFail);
}

TEST_CASE("the first expectation that does not hold gives the reason") {
  auto plan = plan_expecting(
      {{model::FirstOutputExpectation{50}, "slow"}, {model::ExitExpectation{0}, "exit"}});
  CHECK(run::judge(plan, exited(1)).reason.rfind("slow", 0) == 0);
}

TEST_CASE("a hang fails, whatever else was expected") {
  auto seen = exited(0);
  seen.end = TrialEnd::kHang;
  seen.diagnosis.emplace();
  seen.diagnosis->sentence = "it waits";
  auto verdict = run::judge(plan_expecting({{model::ExitExpectation{0}, ""}}), seen);
  CHECK(verdict.kind == VerdictKind::kFail);
  CHECK(verdict.reason == "hang: it waits");
}

TEST_CASE("a trial that was cut off is no pass and, without a limit to break, no failure") {
  auto seen = exited(0);
  seen.end = TrialEnd::kDeadline;
  seen.duration_ms = 5000;
  auto plan = plan_expecting({{model::ExitExpectation{0}, ""}});
  CHECK(run::judge(plan, seen).kind == VerdictKind::kInconclusive);
  plan.expect.push_back({model::WithinExpectation{4000}, ""});
  CHECK(run::judge(plan, seen).kind == VerdictKind::kFail);
  seen.end = TrialEnd::kInterrupted;
  CHECK(run::judge(plan, seen).kind == VerdictKind::kInconclusive);
}

TEST_CASE("the harness's own failures are not the subject's") {
  model::Observation seen;
  seen.end = TrialEnd::kSetupFailed;
  seen.error = {model::ErrorKind::kSystem, "mount"};
  CHECK(run::judge({}, seen).kind == VerdictKind::kError);
  seen.error.kind = model::ErrorKind::kUnavailable;
  CHECK(run::judge({}, seen).kind == VerdictKind::kInconclusive);
  auto starved = exited(137);
  starved.out_of_memory = true;
  CHECK(run::judge(plan_expecting({{model::ExitExpectation{0}, ""}}), starved).kind ==
        VerdictKind::kInconclusive);
}

TEST_CASE("a tree that is less than expected has a name when nobody was told") {
  model::TreeExpectation wanted;
  model::FileEntry file{model::FileEntry::Kind::kFile, 0644, 1, "hash", ""};
  wanted.trees = {{"/home/a", {{"one", file}, {"two", file}}, {}, {}, false}};
  auto seen = exited(0);
  seen.trees["/home/a"] = {{"one", file}, {"two", file}};
  auto reason = [&] { return run::judge(plan_expecting({{wanted, ""}}), seen).reason; };
  CHECK(run::judge(plan_expecting({{wanted, ""}}), seen).kind == VerdictKind::kPass);
  CHECK(run::tree_facts(plan_expecting({{wanted, ""}}), seen)->holds());
  CHECK_FALSE(run::tree_facts(plan_expecting({}), seen));

  seen.trees["/home/a"].erase("two");
  CHECK(reason() ==
        "silent loss: exit 0, but 1 of 2 entries missing: missing /home/a/two (file of 1 bytes, "
        "mode 0644)");
  CHECK(run::tree_facts(plan_expecting({{wanted, ""}}), seen)->missing == 1);
  seen.trees.clear();
  CHECK(reason().rfind("silent loss: exit 0, but 2 of 2 entries missing", 0) == 0);
  seen.trees["/home/a"] = {{"one", file}, {"two", file}, {"old", file}};
  CHECK(reason().rfind("stale files: exit 0, but 1 that do not belong there", 0) == 0);

  seen.trees.clear();
  seen.exit_code = 1;
  seen.output_bytes = 20;
  CHECK(reason().rfind("exit 1, and 2 of 2 entries missing", 0) == 0);
  SECTION("where an error will do, it must be an exit code and a word") {
    wanted.or_error = true;
    CHECK(reason().empty());
    seen.output_bytes = 0;
    CHECK(reason().rfind("exit 1 without a word, and 2 of 2", 0) == 0);
    seen.output_bytes = 20;
    seen.exit_code = 0;
    CHECK(reason().rfind("silent loss", 0) == 0);
    seen.signaled = true;
    seen.exit_code = 6;
    CHECK(reason().rfind("ended by signal 6, and 2 of 2", 0) == 0);
    seen.trees["/home/a"] = {{"one", file}, {"two", file}};
    CHECK(reason() == "ended by signal 6");
    seen.signaled = false;
    seen.output_bytes = 0;
    CHECK(reason() == "exit 6 without a word");
  }
}

TEST_CASE("a stall fails only where the scenario says so") {
  auto seen = exited(0);
  seen.stalls = {{100, 3000, model::Cause::kStdinOpen, "it waited for fd 0"}};
  CHECK(run::judge(plan_expecting({{model::ExitExpectation{0}, ""}}), seen).kind ==
        VerdictKind::kPass);
  auto verdict = run::judge(plan_expecting({{model::StallExpectation{2000}, ""}}), seen);
  CHECK(verdict.reason == "it stood still for 3.0 s: it waited for fd 0");
}
