// The one difference between the two programs, and what it does to overlapping mount paths.

#include <atomic>

#include "catch.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Instructions at .claude, last, and skills below .claude/skills, as production had them.
json skills_then_instructions(Scene& scene, int skill_count) {
  json storages = json::array();
  for (int number = 0; number < skill_count; ++number) {
    const std::string name = "skill-" + std::to_string(number);
    const std::string url =
        scene.serve(tar_gz({{"SKILL.md", name}, {"scripts/run.sh", "exit 0\n"}}));
    storages.push_back(scene.entry(".claude/skills/" + name, url));
  }
  storages.push_back(scene.entry(".claude", scene.serve(tar_gz({{"CLAUDE.md", "read me"}}))));
  return {{"storages", storages}};
}

Tree as_archived(int skill_count) {
  Tree tree = {{".claude/CLAUDE.md", "read me"}};
  for (int number = 0; number < skill_count; ++number) {
    const std::string name = "skill-" + std::to_string(number);
    tree[".claude/skills/" + name + "/SKILL.md"] = name;
    tree[".claude/skills/" + name + "/scripts/run.sh"] = "exit 0\n";
  }
  return tree;
}

// Empties home, runs, and tells whether the files are those of the archives and the exit code 0.
bool runs_well(Scene& scene, const json& manifest, int skill_count, Build build) {
  fs::remove_all(scene.home() / ".claude");
  const Run run = scene.run(manifest, build);
  return run.exit_code == 0 && scene.tree() == as_archived(skill_count);
}

}  // namespace

TEST_CASE("stale files go with the bad program and stay with the good one") {
  Scene scene;
  const json manifest = {{"storages", {scene.entry("m", scene.serve(tar_gz({{"new", "new"}})))}}};
  write_text(scene.home() / "m/deep/stale", "stale");
  CHECK(scene.run(manifest, Build::kGood).exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/new", "new"}, {"m/deep/stale", "stale"}});
  CHECK(scene.run(manifest, Build::kBad).exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/new", "new"}});
}

TEST_CASE("every attempt of the bad program removes again, that of the good one never") {
  Scene scene;
  const auto build = GENERATE(Build::kBad, Build::kGood);
  std::atomic<int> seen = 0;
  const std::string url = scene.route("/a", [&](Socket& socket, const Request&) {
    if (seen++ == 0) {
      write_text(scene.home() / "m/between", "kept?");
      send_status(socket, 503);
    } else {
      send_ok(socket, tar_gz({{"f", "f"}}));
    }
  });
  CHECK(scene.run({{"storages", {scene.entry("m", url)}}}, build).exit_code == 0);
  CHECK(fs::exists(scene.home() / "m/between") == (build == Build::kGood));
}

TEST_CASE("with the parent in the second chunk the bad program always loses files, and exits 0") {
  Scene scene;
  const json manifest = skills_then_instructions(scene, 4);
  for (int number = 0; number < 5; ++number) {
    fs::remove_all(scene.home() / ".claude");
    CHECK(scene.run(manifest, Build::kBad).exit_code == 0);
    CHECK(scene.tree() == Tree{{".claude/CLAUDE.md", "read me"}});
    CHECK(runs_well(scene, manifest, 4, Build::kGood));
  }
}

TEST_CASE("a retry of the parent while the children wait fails the bad program every time") {
  const auto build = GENERATE(Build::kBad, Build::kGood);
  Scene scene;
  std::atomic<int> children = 0;
  std::atomic<int> parents = 0;
  const auto child = [&](Socket& socket, const Request&) {
    ++children;
    eventually([&] { return parents == 2; });
    send_ok(socket, tar_gz({{"SKILL.md", "skill"}}));
  };
  const auto parent = [&](Socket& socket, const Request&) {
    if (++parents == 1) {
      eventually([&] { return children == 2; });
      send_status(socket, 503);
    } else {
      send_ok(socket, tar_gz({{"CLAUDE.md", "read me"}}));
    }
  };
  const std::string child_url = scene.route("/child", child);
  const Run run = scene.run(
      {{"storages",
        {scene.entry(".claude/skills/a", child_url), scene.entry(".claude/skills/b", child_url),
         scene.entry(".claude", scene.route("/parent", parent))}}},
      build);
  CHECK(run.exit_code == (build == Build::kBad ? 1 : 0));
  CHECK((run.err.find("Failed to canonicalize target path") != std::string::npos) ==
        (build == Build::kBad));
}

TEST_CASE("left to luck, the bad program fails sooner or later and the good one never") {
  Scene scene;
  const json manifest = skills_then_instructions(scene, 3);
  // About nine runs of ten fail on an idle machine, fewer on a busy one.
  constexpr int kTriesMax = 500;
  int tries = 0;
  bool failed = false;
  while (!failed && tries < kTriesMax) {
    ++tries;
    failed = !runs_well(scene, manifest, 3, Build::kBad);
  }
  CAPTURE(tries);
  CHECK(failed);

  constexpr int kGoodRuns = 50;
  int good = 0;
  for (int number = 0; number < kGoodRuns; ++number) {
    good += runs_well(scene, manifest, 3, Build::kGood) ? 1 : 0;
  }
  CHECK(good == kGoodRuns);
}
