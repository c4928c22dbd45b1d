// Chunks of four threads, and what one task's failure means for the others.

#include <atomic>

#include "catch.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;

TEST_CASE("four tasks run at once, and the fifth waits for all of them") {
  Scene scene;
  const std::string archive = tar_gz({{"f", "f"}});
  std::atomic<int> waiting = 0;
  std::atomic<bool> met = true;
  std::atomic<bool> early = false;
  json storages = json::array();
  for (int number = 0; number < 4; ++number) {
    const std::string target = "/first-" + std::to_string(number);
    const bool slowest = number == 0;
    const std::string url = scene.route(target, [&, slowest](Socket& socket, const Request&) {
      ++waiting;
      met = eventually([&] { return waiting == 4; }) && met;
      if (slowest) {
        // The three others are over long before; the fifth would come now if it could.
        early = eventually([&] { return scene.server().count("/fifth") != 0; },
                           std::chrono::milliseconds(200));
      }
      send_ok(socket, archive);
    });
    storages.push_back(scene.entry("m" + std::to_string(number), url));
  }
  storages.push_back(scene.entry("m4", scene.route("/fifth", [&](Socket& socket, const Request&) {
    send_ok(socket, archive);
  })));
  CHECK(scene.run({{"storages", storages}}).exit_code == 0);
  CHECK(met);
  CHECK_FALSE(early);
  CHECK(scene.tree().size() == 5);
}

TEST_CASE("a failed task cancels no other, neither in its chunk nor in the next") {
  Scene scene;
  const std::string good = scene.serve(tar_gz({{"f", "f"}}));
  const std::string bad = scene.serve("no archive");
  json storages = json::array({scene.entry("bad", bad)});
  for (int number = 0; number < 5; ++number) {
    storages.push_back(scene.entry("m" + std::to_string(number), good));
  }
  const Run run = scene.run({{"storages", storages}});
  CHECK(run.exit_code == 1);
  CHECK(scene.tree() == Tree{{"bad", "dir"},
                             {"m0/f", "f"},
                             {"m1/f", "f"},
                             {"m2/f", "f"},
                             {"m3/f", "f"},
                             {"m4/f", "f"}});
}
