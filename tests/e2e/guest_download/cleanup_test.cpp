// cleanupPaths: emptied before any download, but for what is cached.

#include "catch.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;
namespace fs = std::filesystem;

TEST_CASE("a cleanup path is emptied before the downloads; the cached mounts below it are kept") {
  Scene scene;
  write_text(scene.home() / ".claude/old.md", "old");
  write_text(scene.home() / ".claude/skills/gone/SKILL.md", "old");
  write_text(scene.home() / ".claude/skills/kept/deep/SKILL.md", "kept");
  write_text(scene.home() / ".claude/skills/kept-not/SKILL.md", "old");
  write_text(scene.home() / "elsewhere", "mine");
  bool clean_at_download = false;
  const std::string url = scene.route("/a", [&](Socket& socket, const Request&) {
    clean_at_download = !fs::exists(scene.home() / ".claude/old.md");
    send_ok(socket, tar_gz({{"new.md", "new"}}));
  });
  json kept = scene.entry(".claude/./skills/kept/", url);
  kept["cached"] = true;
  const Run run = scene.run({{"storages", {kept, scene.entry(".claude", url)}},
                             {"cleanupPaths", {(scene.home() / ".claude").string()}}});
  CHECK(run.exit_code == 0);
  CHECK(clean_at_download);
  CHECK(scene.tree() == Tree{{".claude/new.md", "new"},
                             {".claude/skills/kept/deep/SKILL.md", "kept"},
                             {"elsewhere", "mine"}});
}

TEST_CASE("a cleanup path that is itself cached stays as it is") {
  Scene scene;
  write_text(scene.home() / "m/f", "kept");
  json kept = scene.entry("m", "http://127.0.0.1:1/x");
  kept["cached"] = true;
  const Run run =
      scene.run({{"artifacts", {kept}}, {"cleanupPaths", {(scene.home() / "m").string() + "/"}}});
  CHECK(run.exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/f", "kept"}});
}

TEST_CASE("cleaning follows no link and minds no path that is not there") {
  Scene scene;
  write_text(scene.outside() / "precious", "precious");
  write_text(scene.home() / "m/f", "old");
  fs::create_symlink(scene.outside(), scene.home() / "m/link");
  fs::create_symlink(scene.outside(), scene.home() / "direct");
  const Run run = scene.run({{"cleanupPaths",
                              {(scene.home() / "m").string(), (scene.home() / "direct").string(),
                               (scene.home() / "missing").string()}}});
  CHECK(run.exit_code == 0);
  CHECK(read_text(scene.outside() / "precious") == "precious");
  CHECK(scene.tree() == Tree{{"m", "dir"}, {"direct", "-> " + scene.outside().string()}});
  CHECK_THAT(run.err, ContainsSubstring("[WARN] [sandbox:download] Failed to clean " +
                                        (scene.home() / "direct").string()));
  CHECK_THAT(run.err, !ContainsSubstring("Failed to clean " + (scene.home() / "missing").string()));
}
