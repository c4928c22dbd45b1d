// The network as part of the schedule: a client whose bug shows only if the second of two downloads
// is answered before the first.

#include "search_bench.h"

namespace relapse::run {

namespace {

using model::VerdictKind;

// The port is the world's own.
constexpr int kPort = 8080;
constexpr int kReplays = 50;

struct Client {
  explicit Client(const std::string& kind)
      : bench({RELAPSE_BINARY_DIR "/tests/kernel/run/subjects/two_downloads", kind,
               std::to_string(kPort), "work"}) {
    bench.plan().fakes = {{"storage",
                           {{"archives",
                             {{"/index.tar.gz", {{"entries", nlohmann::json::array()}}},
                              {"/pages.tar.gz", {{"entries", nlohmann::json::array()}}}}}}}};
    bench.plan().fake_names = {"storage"};
    bench.plan().world.listen_ports = {kPort};
  }
  Bench bench;
};

}  // namespace

TEST_CASE("a bug that only the order of replies shows is found, replayed and explained") {
  Client bad("bad");
  // Calls alone: one thread, and the replies come in the order of the requests.
  CHECK(bad.bench.search(24).verdict.kind == VerdictKind::kPass);

  bad.bench.settings().replies = true;
  auto found = bad.bench.search(24);
  INFO(found.verdict.reason << "\n" << found.schedule.dump(1));
  REQUIRE(found.verdict.kind == VerdictKind::kFail);
  CHECK(found.schedule["replays"]["same_order"] == found.schedule["replays"]["run"]);
  REQUIRE(found.schedule.contains("explanation"));
  CHECK(found.schedule["explanation"]["sentence"] ==
        "storage answered GET /pages.tar.gz before it answered GET /index.tar.gz.");
  const auto picture = found.schedule["explanation"]["picture"].get<std::string>();
  CHECK_THAT(picture, ContainsSubstring("reply GET /pages.tar.gz  200  ←"));
  CHECK_THAT(picture, ContainsSubstring("open-create …/work/pages"));

  for (int i = 0; i < kReplays; ++i) {
    auto again = bad.bench.replay(found.schedule);
    INFO((again.notes.empty() ? "" : again.notes[0]));
    CHECK(again.verdict.kind == VerdictKind::kFail);
    CHECK(noted(again, "the same"));
  }
}

TEST_CASE("the cured client passes in every order of replies") {
  Client good("good");
  good.bench.settings().replies = true;
  auto result = good.bench.search(36);
  INFO(result.verdict.reason);
  CHECK(result.verdict.kind == VerdictKind::kPass);
  CHECK(result.trials.run == 36);
}

}  // namespace relapse::run
