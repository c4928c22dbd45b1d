// Orders of unmodified programs' calls, decided in worlds: found, replayed, and awkward programs.

#include "search/schedule_search.h"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "catch.h"
#include "control/control_cpus.h"
#include "fault/reduce.h"
#include "search_bench.h"

namespace relapse::run {

namespace {

namespace fs = std::filesystem;
using model::VerdictKind;

constexpr int kReplays = 20;

std::string racer(const std::string& kind) {
  return RELAPSE_BINARY_DIR "/tests/kernel/schedule/subjects/schedule_subject_" + kind;
}

std::string script(const std::string& name) {
  return RELAPSE_SOURCE_DIR "/tests/kernel/schedule/subjects/" + name;
}

// Keeps the processors busy that the subject does not run on.
class Load {
 public:
  Load() {
    worker_ = std::thread([this] {
      OffControlCpus off;
      while (!stop_) {
      }
    });
  }
  ~Load() {
    stop_ = true;
    worker_.join();
  }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::thread worker_;
};

void found_and_replayed(Bench& bench) {
  auto found = bench.search(48);
  INFO(found.verdict.reason << "\n" << found.schedule.dump(1));
  REQUIRE(found.verdict.kind == VerdictKind::kFail);
  CHECK(found.schedule["replays"]["failed"] == found.schedule["replays"]["run"]);
  CHECK(found.schedule["reduced"]["switches"] <= found.schedule["reduced"]["of"]);
  CHECK(found.schedule.contains("explanation"));
  int exact = 0;
  for (int i = 0; i < kReplays; ++i) {
    std::optional<Load> load;
    if (i % 2 == 1) {
      load.emplace();
    }
    auto again = bench.replay(found.schedule);
    INFO((again.notes.empty() ? "" : again.notes[0]));
    CHECK(again.verdict.kind == VerdictKind::kFail);
    CHECK(again.verdict.reason == found.verdict.reason);
    exact += noted(again, "the same") ? 1 : 0;
  }
  CHECK(exact == kReplays);
}

}  // namespace

TEST_CASE("threads: a race is found in worlds and replayed, also under load; its cure passes") {
  auto kind = GENERATE("dynamic", "static");
  Bench bad({racer(kind), "download-bad", "work"});
  found_and_replayed(bad);
  Bench good({racer(kind), "download-good", "work"});
  CHECK(good.search(36).verdict.kind == VerdictKind::kPass);
}

TEST_CASE("node's thread pool") {
  Bench bad({"node", script("race.mjs"), "bad", "work"});
  found_and_replayed(bad);
  Bench good({"node", script("race.mjs"), "good", "work"});
  CHECK(good.search(24).verdict.kind == VerdictKind::kPass);
}

TEST_CASE("two shell processes") {
  Bench bad({"sh", script("race.sh"), "bad", "work"});
  found_and_replayed(bad);
  Bench good({"sh", script("race.sh"), "good", "work"});
  CHECK(good.search(24).verdict.kind == VerdictKind::kPass);
}

TEST_CASE("a program without a scheduling point, or with one thread, is told as such") {
  Bench idle({"true"});
  auto result = idle.search(200);
  CHECK(result.verdict.kind == VerdictKind::kInconclusive);
  CHECK_THAT(result.verdict.reason, ContainsSubstring("no call that is a scheduling point"));
  CHECK(result.trials.run < 200);

  Bench alone({"mkdir", "work/one"});
  result = alone.search(200);
  CHECK(result.verdict.kind == VerdictKind::kPass);
  CHECK(noted(result, "no other order"));
  CHECK(result.trials.run < 200);
}

TEST_CASE("awkward programs come to an end") {
  Bench spins({racer("dynamic"), "spin", "work"});
  auto result = spins.search(3);
  CHECK(result.verdict.kind == VerdictKind::kPass);
  CHECK(noted(result, "kept the CPU"));

  Bench killed({racer("dynamic"), "killed", "work"});
  result = killed.search(3);
  CHECK(result.verdict.kind == VerdictKind::kFail);
  CHECK_THAT(result.verdict.reason, ContainsSubstring("signal 9"));

  Bench stuck({racer("dynamic"), "stuck", "work"});
  stuck.plan().deadline_ms = 1'000;
  result = stuck.search(1);
  CHECK(result.verdict.kind == VerdictKind::kInconclusive);
  CHECK_THAT(result.verdict.reason, ContainsSubstring("ended after 1.0 s"));
}

TEST_CASE("a listener of the subject's own cannot be had, and then a failure proves nothing") {
  Bench bench({racer("dynamic"), "own-listener", "work"});
  auto result = bench.search(3);
  CHECK(result.verdict.kind == VerdictKind::kInconclusive);
  CHECK_THAT(result.verdict.reason, ContainsSubstring("seccomp listener of its own"));
}

TEST_CASE("the check runs in the subject's world, and its end is told") {
  Bench bench({"sh", "-c", "echo left >work/file; echo said"});
  auto seen = bench.run({"sh", "-c", "cat work/file; exit 3"});
  INFO(seen.error.text());
  REQUIRE(seen.end == model::TrialEnd::kExited);
  CHECK(seen.exit_code == 0);
  CHECK(seen.output_tail == "said\n");
  REQUIRE(seen.check);
  CHECK(seen.check->code == 3);
  CHECK(seen.check->output == "left\n");

  seen = bench.run({"no-such-check"});
  CHECK(seen.end == model::TrialEnd::kSetupFailed);
  CHECK_THAT(seen.error.message, ContainsSubstring("no-such-check"));
}

}  // namespace relapse::run
