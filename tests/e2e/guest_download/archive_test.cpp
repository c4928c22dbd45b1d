// From an archive to files: what is written, what is skipped, what is refused.

#include <sys/stat.h>

#include "catch.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

Run unpack(Scene& scene, const std::string& body) {
  return scene.run({{"storages", {scene.entry("m", scene.serve(body))}}});
}

struct stat status_of(const fs::path& path) {
  struct stat info {};
  REQUIRE(lstat(path.c_str(), &info) == 0);
  return info;
}

// Without the two blocks of zeros that end a tar.
std::string cut_at_entry(const std::string& whole) {
  return whole.substr(0, whole.size() - 1024);
}

}  // namespace

TEST_CASE("files, folders and links are written as they were archived") {
  Scene scene;
  const std::string large = noise(300'000);
  const std::string deep = "a/very/" + std::string(120, 'd') + "/" + std::string(120, 'f');
  const Run run = unpack(scene, tar_gz({directory("./"),
                                        directory("bin"),
                                        {"bin/tool", "#!/bin/sh\n", AE_IFREG, 0755},
                                        {"./large", large},
                                        {"empty", ""},
                                        {deep, "deep"},
                                        {"na\xc3\xafve.md", "name"},
                                        directory("hollow"),
                                        symbolic_link("bin/alias", "../empty"),
                                        hard_link("second", "bin/tool")}));
  CHECK(run.exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/bin/tool", "#!/bin/sh\n"},
                             {"m/large", large},
                             {"m/empty", ""},
                             {"m/" + deep, "deep"},
                             {"m/na\xc3\xafve.md", "name"},
                             {"m/hollow", "dir"},
                             {"m/bin/alias", "-> ../empty"},
                             {"m/second", "#!/bin/sh\n"}});
  const struct stat tool = status_of(scene.home() / "m/bin/tool");
  CHECK((tool.st_mode & 07777) == 0755);
  CHECK(tool.st_mtime == 1'700'000'000);
  CHECK(tool.st_nlink == 2);
}

TEST_CASE("set-user-ID bits are taken off and special files become plain ones") {
  Scene scene;
  const Run run = unpack(scene, tar_gz({{"tool", "x", AE_IFREG, 06755},
                                        {"pipe", "", AE_IFIFO, 0640},
                                        directory("d", 03777)}));
  CHECK(run.exit_code == 0);
  CHECK((status_of(scene.home() / "m/tool").st_mode & 07777) == 0755);
  CHECK((status_of(scene.home() / "m/d").st_mode & 07777) == 0777);
  const struct stat pipe = status_of(scene.home() / "m/pipe");
  CHECK(S_ISREG(pipe.st_mode));
  CHECK((pipe.st_mode & 07777) == 0640);
}

TEST_CASE("a folder that may not be written to still receives its children") {
  Scene scene;
  const Run run = unpack(scene, tar_gz({directory("d", 0555), {"d/f", "f"}}));
  CHECK(run.exit_code == 0);
  CHECK((status_of(scene.home() / "m/d").st_mode & 07777) == 0555);
  CHECK(read_text(scene.home() / "m/d/f") == "f");
}

TEST_CASE("what is in the way of an entry is replaced; a link there is not followed") {
  Scene scene;
  write_text(scene.outside() / "precious", "precious");
  write_text(scene.home() / "m/file", "old and longer");
  write_text(scene.home() / "m/stale", "stale");
  fs::create_symlink(scene.outside() / "precious", scene.home() / "m/link");
  const Run run =
      unpack(scene, tar_gz({{"file", "new"}, {"link", "mine"}, symbolic_link("stale", "file")}));
  CHECK(run.exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/file", "new"}, {"m/link", "mine"}, {"m/stale", "-> file"}});
  CHECK(read_text(scene.outside() / "precious") == "precious");
}

TEST_CASE("an entry that would leave the target is skipped with a warning, the others are not") {
  Scene scene;
  const std::string outside = scene.outside();
  const Item escape =
      GENERATE_COPY(Item{"../outside/x", "x"}, Item{"a/../../outside/x", "x"}, Item{"a/../f2", "x"},
                    Item{outside + "/x", "x"}, symbolic_link("l", outside),
                    symbolic_link("l", "../outside"), symbolic_link("a/l", "../../outside"),
                    hard_link("l", "../outside/precious"), hard_link("l", outside + "/precious"));
  CAPTURE(escape.path, escape.content);
  write_text(scene.outside() / "precious", "precious");
  const Run run = unpack(scene, tar_gz({{"before", "1"}, escape, {"after", "2"}}));
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.err, ContainsSubstring("[WARN] [sandbox:download] Skipping entry outside of the "
                                        "target path: " +
                                        escape.path));
  CHECK(scene.tree() == Tree{{"m/before", "1"}, {"m/after", "2"}});
  CHECK(std::distance(fs::directory_iterator(scene.outside()), fs::directory_iterator()) == 1);
}

TEST_CASE("a link on the disk that leads outside is neither written nor linked through") {
  Scene scene;
  write_text(scene.outside() / "precious", "precious");
  fs::create_directory(scene.home() / "m");
  fs::create_symlink(scene.outside(), scene.home() / "m/l");
  const mode_t mode = status_of(scene.outside()).st_mode;
  const Run run = unpack(scene, tar_gz({{"l/x", "x"},
                                        {"l/new/y", "y"},
                                        hard_link("mine", "l/precious"),
                                        directory("l", 0700),
                                        {"f", "f"}}));
  CHECK(run.exit_code == 0);
  CHECK(status_of(scene.outside()).st_mode == mode);
  for (const std::string name : {"l/x", "l/new/y", "mine", "l"}) {
    CHECK_THAT(run.err, ContainsSubstring("Skipping entry outside of the target path: " + name));
  }
  CHECK(std::distance(fs::directory_iterator(scene.outside()), fs::directory_iterator()) == 1);
  CHECK(scene.tree() == Tree{{"m/l", "-> " + scene.outside().string()}, {"m/f", "f"}});
}

TEST_CASE("a mount path that is a link is unpacked into the link's target") {
  Scene scene;
  fs::create_symlink(scene.outside(), scene.home() / "m");
  CHECK(unpack(scene, tar_gz({{"f", "f"}})).exit_code == 0);
  CHECK(read_text(scene.outside() / "f") == "f");
  CHECK(fs::is_symlink(scene.home() / "m"));
}

TEST_CASE("an empty archive succeeds") {
  Scene scene;
  const std::string empty = GENERATE_COPY(tar_gz({}), gzip(std::string(10240, '\0')), gzip(""));
  CHECK(unpack(scene, empty).exit_code == 0);
  CHECK(scene.tree() == Tree{{"m", "dir"}});
}

TEST_CASE("what is no gzipped tar fails") {
  Scene scene;
  const std::string html = "<!DOCTYPE html><html><body>Sign in</body></html>";
  const std::string wrong =
      GENERATE_COPY(std::string(), html, gzip(html), tar({{"f", "f"}}),
                    tar_gz({{"f", "f"}}).substr(0, 5), tar_gz({{"f", "f"}}).substr(0, 40));
  const Run run = unpack(scene, wrong);
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring("Failed to read archive: "));
  CHECK(scene.tree() == Tree{{"m", "dir"}});
}

TEST_CASE(
    "nothing behind the tar's end matters: a damaged trailer, a missing one, a second member") {
  Scene scene;
  const std::string whole = tar_gz({{"f", "f"}});
  std::string damaged = whole;
  damaged[damaged.size() - 6] ^= 0x55;
  const std::string body = GENERATE_COPY(
      std::string(damaged), whole.substr(0, whole.size() - 8), whole + tar_gz({{"g", "g"}}),
      whole + "rubbish", gzip(cut_at_entry(tar({{"f", "f"}}))),
      gzip(cut_at_entry(tar({{"f", "f"}})) + std::string(512, 0)));
  CHECK(unpack(scene, body).exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/f", "f"}});
}

TEST_CASE("an archive that breaks off fails, and what came before stays") {
  Scene scene;
  const std::string whole = tar_gz({{"first", "1"}, {"second", noise(100'000)}});
  const Run run = unpack(scene, whole.substr(0, 50'000));
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring(
                          "Failed to extract entry second: unexpected end of the gzip stream"));
  CHECK(read_text(scene.home() / "m/first") == "1");
}

TEST_CASE("an entry is written as soon as it has come") {
  Scene scene;
  const std::string bytes = noise(40'000);
  const std::string first = bytes.substr(0, 20'000);
  const std::string whole = tar_gz({{"first", first}, {"second", bytes.substr(20'000)}});
  bool seen = false;
  const std::string url = scene.route("/slow", [&](Socket& socket, const Request&) {
    const size_t sent = whole.size() - 10'000;
    send_bytes(socket, "HTTP/1.1 200 OK\r\n\r\n" + whole.substr(0, sent));
    seen = eventually([&] { return fs::exists(scene.home() / "m/second"); }) &&
           read_text(scene.home() / "m/first") == first;
    send_bytes(socket, whole.substr(sent));
  });
  CHECK(scene.run({{"storages", {scene.entry("m", url)}}}).exit_code == 0);
  CHECK(seen);
}

TEST_CASE("a target that is gone when the answer comes fails in the words of the incident") {
  Scene scene;
  const std::string archive = tar_gz({{"f", "f"}});
  const std::string url = scene.route("/a", [&](Socket& socket, const Request&) {
    fs::remove_all(scene.home() / "m");
    send_ok(socket, archive);
  });
  const Run run = scene.run({{"storages", {scene.entry("m", url)}}});
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring("Failed to canonicalize target path " +
                                        (scene.home() / "m").string() +
                                        ": No such file or directory (os error 2)"));
  CHECK(scene.server().count("/a") == 1);
}

TEST_CASE("a target that goes during the extraction fails at the next entry") {
  Scene scene;
  const std::string whole = tar_gz({{"first", noise(40'000)}, {"second", "2"}});
  const std::string url = scene.route("/a", [&](Socket& socket, const Request&) {
    send_bytes(socket, "HTTP/1.1 200 OK\r\n\r\n" + whole.substr(0, 30'000));
    eventually([&] { return fs::exists(scene.home() / "m/first"); });
    fs::remove_all(scene.home() / "m");
    send_bytes(socket, whole.substr(30'000));
  });
  const Run run = scene.run({{"storages", {scene.entry("m", url)}}});
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring("Failed to extract entry second: No such file or directory "
                                        "(os error 2) while canonicalizing " +
                                        (scene.home() / "m").string()));
}
