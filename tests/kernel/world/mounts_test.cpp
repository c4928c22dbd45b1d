// What a world is given of the host, and where.

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "world_driver.h"

namespace fs = std::filesystem;
using relapse::model::ErrorKind;
using relapse::model::WorldFile;

namespace {

// A folder of the host below `base`, with a program and a text; gone with the object.
class HostFolder {
 public:
  explicit HostFolder(const fs::path& base = "/tmp") {
    std::string name = base / "relapse-world-test-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
    fs::create_directories(path / "deep");
    write("deep/text", "a text\n", 0644);
    write("program", "#!/bin/sh\necho ran $0\n", 0755);
    // mkdtemp's own mode lets nobody else in.
    ::chmod(path.c_str(), 0755);
  }
  ~HostFolder() { fs::remove_all(path); }
  HostFolder(const HostFolder&) = delete;
  HostFolder& operator=(const HostFolder&) = delete;

  fs::path path;

 private:
  void write(const char* name, const char* text, mode_t mode) {
    std::ofstream(path / name) << text;
    ::chmod((path / name).c_str(), mode);
  }
};

void check_output(WorldDriver& driver, const relapse::model::WorldSpec& spec,
                  const std::string& expected) {
  auto finished = driver.run(spec);
  INFO((finished.error ? finished.error->text() : ""));
  CHECK(finished.output == expected);
  CHECK_FALSE(finished.error);
}

}  // namespace

TEST_CASE("a folder of the host is shown wherever the world wants it") {
  WorldDriver driver;
  HostFolder host;
  const auto target =
      GENERATE(as<std::string>{}, "/tmp/here", "/home/user/deep/down", "/run/x/y",
               "/opt/relapse/subject", "/root/project/build", "/workspace", "/data/of/many/levels",
               "/usr/local/bin/agent", "/var/run/link", "/home/user", "/srv");
  CAPTURE(target);
  auto spec = driver.shell("cat " + target + "/deep/text; " + target +
                           "/program; echo x 2>/dev/null > " + target + "/new || echo read-only");
  spec.folder = "/tmp";
  spec.mounts = {{host.path, target}};
  check_output(driver, spec, "a text\nran " + target + "/program\nread-only\n");
}

TEST_CASE("the same path as on the host, below a private folder and below a closed one") {
  WorldDriver driver;
  const bool root_home = ::access("/root", W_OK) == 0;
  HostFolder host(root_home ? "/root" : "/tmp");
  const std::string path = host.path;
  auto spec = driver.shell(path + "/program");
  spec.mounts = {{path, path}};
  spec.folder = path;
  check_output(driver, spec, "ran " + path + "/program\n");
}

TEST_CASE("a single file is shown where the host has nothing, and where it has something") {
  WorldDriver driver;
  HostFolder host;
  const auto target = GENERATE(as<std::string>{}, "/usr/local/bin/vm0-agent/run-agent.mjs",
                               "/tmp/a/b", "/etc/hostname", "/entry");
  auto spec = driver.shell("cat " + target + "; ls -l " + target + " | wc -l");
  spec.mounts = {{host.path / "deep/text", target}};
  check_output(driver, spec, "a text\n1\n");
}

TEST_CASE("worlds with other targets below the same folder do not see each other's") {
  WorldDriver driver;
  HostFolder host;
  auto spec = driver.shell("ls /usr/local/lib/relapse-test");
  for (const std::string name : {"one", "two", "one"}) {
    spec.mounts = {{host.path, "/usr/local/lib/relapse-test/" + name}};
    check_output(driver, spec, name + "\n");
  }
  spec.mounts = {{host.path, "/usr/local/lib/relapse-test/a"},
                 {host.path / "program", "/usr/local/lib/relapse-test/b/c"}};
  check_output(driver, spec, "a\nb\n");
  spec.mounts.clear();
  spec.command.back() = "test -e /usr/local/lib/relapse-test || echo clean";
  check_output(driver, spec, "clean\n");
  CHECK_FALSE(fs::exists("/usr/local/lib/relapse-test"));
}

TEST_CASE("what lies beside a new place stays what it was") {
  WorldDriver driver;
  HostFolder host;
  // The links that name the same thing before and after, and a count of all entries.
  const std::string list =
      "ls -A /usr /usr/local | grep -v new-place | sort; readlink /bin; "
      "ls -A / | grep -v new-place | sort";
  auto spec = driver.shell(list);
  const std::string before = driver.run(spec).output;
  spec.mounts = {{host.path, "/usr/local/new-place"},
                 {host.path, "/new-place"},
                 {host.path, "/usr/new-place/x"}};
  CHECK_FALSE(before.empty());
  check_output(driver, spec, before);
}

TEST_CASE("a missing source is told with its path") {
  WorldDriver driver;
  auto spec = driver.shell("true");
  spec.mounts = {{"/no/such/thing", "/opt/thing"}};
  auto finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK(finished.error->kind == ErrorKind::kUnavailable);
  CHECK_THAT(finished.error->message, ContainsSubstring("/no/such/thing"));
  // The zygote is as good as before.
  check_output(driver, driver.shell("echo well"), "well\n");
}

TEST_CASE("a target that is no absolute path is a scenario's error") {
  WorldDriver driver;
  auto spec = driver.shell("true");
  spec.mounts = {{"/etc", GENERATE(as<std::string>{}, "relative", "", "/", "/ends/in/")}};
  auto finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK(finished.error->kind == ErrorKind::kScenario);
}

TEST_CASE("files are made before the subject starts, and are the user's") {
  WorldDriver driver;
  HostFolder host;
  auto spec = driver.shell(
      "cat a/b/file; stat -c '%U %a %n' a a/b/file /tmp/folder; readlink link; "
      "cat copied/deep/text; stat -c '%U %a' copied/program copied/deep; echo more >> a/b/file");
  spec.files = {{WorldFile::Kind::kFile, "/home/user/a/b/file", "content\n", 0640},
                {WorldFile::Kind::kFolder, "/tmp/folder", "", 0700},
                {WorldFile::Kind::kLink, "/home/user/link", "a/b", 0},
                {WorldFile::Kind::kCopyOfTree, "/home/user/copied", host.path, 0}};
  check_output(driver, spec,
               "content\nuser 755 a\nuser 640 a/b/file\nuser 700 /tmp/folder\na/b\n"
               "a text\nuser 755\nuser 755\n");
}

TEST_CASE("a file outside the private folders is refused with a remedy") {
  WorldDriver driver;
  auto spec = driver.shell("true");
  spec.files = {{WorldFile::Kind::kFile, "/etc/relapse-test", "", 0644}};
  auto finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK(finished.error->kind == ErrorKind::kScenario);
  CHECK_THAT(finished.error->text(), ContainsSubstring("below /home"));
}
