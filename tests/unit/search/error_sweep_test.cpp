#include "search/error_sweep.h"

#include <algorithm>
#include <cerrno>

#include "catch.h"
#include "fault/syscall_error.h"

using namespace relapse;
using model::Observation;
using model::TrialEnd;
using model::TrialPlan;
using model::Verdict;
using model::VerdictKind;

namespace {

// A subject that makes so many writes and bears all of them but one.
struct Subject {
  int writes = 5;
  int bad_write = 0;
  bool tries_for_ever = false;                 // after a write that failed
  std::vector<std::vector<int>> batches = {};  // the occurrences that were failed, by batch

  std::vector<Observation> run(const std::vector<TrialPlan>& plans) {
    std::vector<Observation> out;
    batches.emplace_back();
    for (const auto& plan : plans) {
      Observation seen;
      seen.end = TrialEnd::kExited;
      fault::SyscallErrors errors(plan.call_control->errors);
      model::ScheduleEvent event;
      event.call = "write";
      event.paths = {"/w/file"};
      int failed = 0;
      for (int i = 1; i <= writes; ++i) {
        failed = errors.on_call(event, "x") ? i : failed;
      }
      seen.error_calls = errors.seen();
      batches.back().push_back(failed);
      seen.exit_code = failed != 0 && failed == bad_write ? 1 : 0;
      seen.end = failed != 0 && tries_for_ever ? TrialEnd::kDeadline : TrialEnd::kExited;
      out.push_back(std::move(seen));
    }
    return out;
  }
};

run::SweepResult sweep(Subject& subject, const model::SyscallErrorSettings& settings,
                       int at_once = 1) {
  run::SweepRequest request;
  request.plan.world.folder = "/w";
  request.settings = settings;
  request.at_once = at_once;
  run::SearchHooks hooks;
  hooks.run = [&subject](const auto& plans) { return subject.run(plans); };
  hooks.judge = [](const TrialPlan&, const Observation& seen) {
    if (seen.end == TrialEnd::kDeadline) {
      return Verdict{VerdictKind::kInconclusive, "it did not end"};
    }
    return seen.exit_code == 0 ? Verdict{VerdictKind::kPass, ""}
                               : Verdict{VerdictKind::kFail, "it failed"};
  };
  return run::sweep_errors(request, hooks);
}

model::SyscallErrorSettings every_write() {
  model::SyscallErrorSettings settings;
  settings.calls = {"write"};
  settings.errors = {"ENOSPC"};
  settings.sweep = true;
  return settings;
}

bool has_note(const run::SweepResult& result, const std::string& part) {
  return std::any_of(result.notes.begin(), result.notes.end(), [&part](const std::string& note) {
    return note.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("a sweep tries every call once, after a trial without any") {
  Subject subject;
  const auto result = sweep(subject, every_write());
  CHECK(result.verdict.kind == VerdictKind::kPass);
  CHECK(subject.batches == std::vector<std::vector<int>>{{0}, {1}, {2}, {3}, {4}, {5}, {0}});
  REQUIRE(result.facts.runs.size() == 1);
  CHECK(result.facts.runs.front().injected == 5);
  CHECK_FALSE(result.facts.runs.front().cut_off);
}

TEST_CASE("several trials at a time come to the same") {
  Subject subject;
  const auto result = sweep(subject, every_write(), 4);
  CHECK(result.facts.runs.front().injected == 5);
  CHECK(subject.batches.size() == 3);
}

TEST_CASE("a failure is told with its occurrence, and the sweep goes on") {
  Subject subject;
  subject.bad_write = 3;
  const auto result = sweep(subject, every_write());
  CHECK(result.verdict.kind == VerdictKind::kFail);
  CHECK(result.verdict.reason == "ENOSPC at write number 3: it failed");
  CHECK(result.facts.runs.front().injected == 5);
  CHECK(result.facts.runs.front().failed == 1);
  REQUIRE(result.facts.failures.size() == 1);
  CHECK(result.facts.failures.front().nth == 3);
  CHECK(result.facts.failures.front().option == "error");
  CHECK(result.facts.failures.front().value == "ENOSPC");
  CHECK(result.trials.failed == 1);
  CHECK(result.trials.first_failure == 4);  // the first trial is the undisturbed one
}

TEST_CASE("what was never reached is no pass") {
  Subject subject;
  auto settings = every_write();
  SECTION("one occurrence") {
    settings.sweep = false;
    settings.nth = 6;
    const auto result = sweep(subject, settings);
    CHECK(result.verdict.kind == VerdictKind::kInconclusive);
    CHECK(has_note(result, "write number 6 was never reached: the subject made 5 such calls"));
  }
  SECTION("a sweep of a call that is not made") {
    settings.calls = {"mkdir"};
    const auto result = sweep(subject, settings);
    CHECK(result.verdict.kind == VerdictKind::kInconclusive);
    CHECK(has_note(result, "the subject made no mkdir that counts"));
  }
  SECTION("one of two calls: said, and the other counts") {
    settings.calls = {"write", "mkdir"};
    const auto result = sweep(subject, settings);
    CHECK(result.verdict.kind == VerdictKind::kPass);
    CHECK(has_note(result, "the subject made no mkdir that counts"));
  }
  SECTION("a sweep that is cut off") {
    settings.most = 3;
    const auto result = sweep(subject, settings);
    CHECK(result.verdict.kind == VerdictKind::kInconclusive);
    CHECK(result.facts.runs.front().injected == 3);
    CHECK(result.facts.runs.front().cut_off);
  }
}

TEST_CASE("one occurrence, or every one, is one trial") {
  Subject subject;
  subject.bad_write = 5;
  auto settings = every_write();
  settings.sweep = false;
  settings.nth = 0;
  const auto result = sweep(subject, settings);
  CHECK(result.trials.run == 2);
  CHECK(result.verdict.reason == "ENOSPC at every write: it failed");
}

TEST_CASE("where calls count") {
  Subject subject;
  std::vector<model::CallControl> controls;
  auto control_of = [&](const std::string& call, const std::string& path) {
    run::SweepRequest request;
    request.plan.world.folder = "/w";
    request.settings = every_write();
    request.settings.calls = {call};
    request.settings.path = path;
    run::SearchHooks hooks;
    hooks.run = [&](const auto& plans) {
      controls.push_back(*plans.front().call_control);
      return subject.run(plans);
    };
    hooks.judge = [](const TrialPlan&, const Observation&) {
      return Verdict{VerdictKind::kError, "enough"};
    };
    (void)run::sweep_errors(request, hooks);
    return controls.back();
  };
  CHECK(control_of("write", "").anywhere.empty());
  CHECK(control_of("write", "/w/*").anywhere.empty());
  CHECK(control_of("write", "/other/*").anywhere == std::vector<std::string>{"write"});
  CHECK(control_of("write", "*.json").anywhere == std::vector<std::string>{"write"});
  CHECK(control_of("fsync", "").anywhere == std::vector<std::string>{"fsync"});
  CHECK(controls.back().schedule.strategy == "calm");
}

TEST_CASE("a call or an error that is not one is told with what was meant") {
  auto complaint = [](const char* call, const char* error) {
    auto settings = every_write();
    settings.calls = {call};
    settings.errors = {error};
    auto checked = run::check_settings(settings, "/fault/syscall_error");
    return checked ? std::string() : checked.error().pointer + " " + checked.error().text();
  };
  CHECK(complaint("open-create", "EIO").empty());
  CHECK(complaint("fsync", "EIO").empty());
  CHECK(complaint("wirte", "EIO").find("did you mean 'write'?") != std::string::npos);
  CHECK(complaint("mkdirat", "EIO").find("say mkdir") != std::string::npos);
  CHECK(complaint("openat", "EIO").find("say open-create") != std::string::npos);
  CHECK(complaint("getrandom", "EIO").find("cannot be failed") != std::string::npos);
  CHECK(complaint("write", "ENOTHING").rfind("/fault/syscall_error/error", 0) == 0);
}

TEST_CASE("a subject that tries a failed call for ever has not borne it") {
  Subject subject;
  subject.tries_for_ever = true;
  const auto result = sweep(subject, every_write());
  CHECK(result.verdict.kind == VerdictKind::kFail);
  CHECK(result.facts.runs.front().failed == 5);
  // That a delayed call leads past the deadline may be the delay alone.
  auto slow = every_write();
  slow.errors.clear();
  slow.delays_ms = {10};
  CHECK(sweep(subject, slow).verdict.kind == VerdictKind::kInconclusive);
}
