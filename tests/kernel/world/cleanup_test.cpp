// Whatever happens, nothing stays behind.

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <functional>

#include "catch.h"
#include "host_state.h"
#include "programs.h"
#include "world_driver.h"

namespace {

constexpr int kLimitMs = 20'000;
// The allocator counts free objects of the slabs that it keeps at hand for each processor, and
// other programs of the host make network namespaces too; a leak would be one for each of the
// four hundred worlds of the longest case.
constexpr long kNetworksOfOthers = 100;

// Names what this test started, however deep: it is in the environment of all of it.
std::string new_mark() {
  static int count = 0;
  return "relapse-test-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

bool comes_true(const std::function<bool()>& condition) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(kLimitMs);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up) {
      return false;
    }
    // The kernel tells nobody when a namespace or a foreign process is gone.
    ::poll(nullptr, 0, 10);
  }
  return true;
}

void check_as_before(const HostState& before, const std::string& mark) {
  CHECK(comes_true([&] { return processes_with(mark).empty(); }));
  // Fewer is well too: any zygote that starts on this host sweeps.
  CHECK(comes_true([&] {
    const auto now = orphaned_groups();
    return std::includes(before.groups.begin(), before.groups.end(), now.begin(), now.end());
  }));
  CHECK(
      comes_true([&] { return HostState::now().networks <= before.networks + kNetworksOfOthers; }));
  const auto after = HostState::now();
  CHECK(after.mounts == before.mounts);
  CHECK(after.temp_files == before.temp_files);
}

relapse::model::WorldSpec marked(const WorldDriver& driver, const std::string& script,
                                 const std::string& mark) {
  auto spec = driver.shell(script);
  spec.env["WORLD_MARK"] = mark;
  return spec;
}

// world_client as a child of ours, whose stdout we read.
class Client {
 public:
  Client(std::vector<std::string> scripts, const std::string& mark) {
    std::vector<std::string> texts = {program("world_client")};
    texts.insert(texts.end(), scripts.begin(), scripts.end());
    std::vector<char*> argv;
    for (auto& text : texts) {
      argv.push_back(text.data());
    }
    argv.push_back(nullptr);
    std::string path = "PATH=/usr/bin:/bin";
    std::string name = "WORLD_MARK=" + mark;
    std::array<char*, 3> environment = {path.data(), name.data(), nullptr};
    auto pipe = relapse::os::make_pipe();
    REQUIRE(pipe);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe->write.get(), 1);
    const int failed =
        ::posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&actions);
    REQUIRE(failed == 0);
    said_ = std::move(pipe->read);
  }
  ~Client() { kill(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Reads until a line begins with `word`; the number behind it, or -1.
  int hear(const std::string& word) {
    for (;;) {
      for (size_t end = 0; (end = heard_.find('\n')) != std::string::npos;) {
        const std::string line = heard_.substr(0, end);
        heard_.erase(0, end + 1);
        if (line.starts_with(word + " ")) {
          return std::stoi(line.substr(word.size() + 1));
        }
      }
      pollfd wait{said_.get(), POLLIN, 0};
      std::array<char, 256> chunk{};
      const ssize_t count =
          ::poll(&wait, 1, kLimitMs) == 1 ? ::read(said_.get(), chunk.data(), chunk.size()) : 0;
      if (count <= 0) {
        return -1;
      }
      heard_.append(chunk.data(), static_cast<size_t>(count));
    }
  }

  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

 private:
  pid_t pid_ = -1;
  relapse::os::Fd said_;
  std::string heard_;
};

const std::array<const char*, 5> kStubborn = {
    // Ignores whatever can be ignored.
    "trap '' TERM HUP INT QUIT; while :; do sleep 0.1; done",
    // A daemon: own session, its parent gone, its streams elsewhere.
    "setsid sh -c 'exec </dev/null >/dev/null 2>&1; sleep 600 & sleep 600' & exit 0",
    // Forks without end, within its limit.
    "f() { f & f; }; f",
    // Stopped.
    "sleep 600 & kill -STOP $!; kill -STOP $$",
    // A tree, some of it in namespaces of its own.
    "sleep 600 & unshare -Ur sleep 600 & (sleep 600 & sleep 600 & wait) & wait",
};

}  // namespace

TEST_CASE("an ordinary end leaves the host as it was") {
  { WorldDriver warm; }  // what a dead run of another day has left is swept here
  const auto before = HostState::now();
  const auto mark = new_mark();
  {
    WorldDriver driver;
    auto finished = driver.run(marked(driver, "exit 3", mark));
    CHECK(finished.gone);
    CHECK(processes_with(mark).empty());
  }
  check_as_before(before, mark);
}

TEST_CASE("stop ends every kind of stubborn subject") {
  const std::string script = GENERATE(from_range(kStubborn.begin(), kStubborn.end()));
  CAPTURE(script);
  const auto before = HostState::now();
  const auto mark = new_mark();
  {
    WorldDriver driver;
    auto spec = marked(driver, script, mark);
    spec.limits.processes = 40;
    auto trial = driver.launch(spec);
    trial->stop_at_exit = false;
    REQUIRE(driver.wait([&] { return trial->finished.started; }));
    // Long enough for the scripts to get where they are going; no harm when it is not.
    driver.wait([&] { return processes_with(mark).size() > 2; }, 500);
    trial->stop();
    CHECK(driver.wait([&] { return trial->finished.gone; }));
    // Gone means gone: nothing is left when it is told.
    CHECK(processes_with(mark).empty());
  }
  check_as_before(before, mark);
}

TEST_CASE("a world that is dropped, or whose zygote is dropped, ends") {
  const auto before = HostState::now();
  const auto mark = new_mark();
  {
    WorldDriver driver;
    auto first = driver.launch(marked(driver, "sleep 600", mark));
    auto second = driver.launch(marked(driver, "sleep 600", mark));
    auto third = driver.launch(marked(driver, "sleep 600", mark));
    REQUIRE(driver.wait([&] { return first->finished.started && second->finished.started; }));
    first->world.reset();
    driver.end_zygote();
    CHECK(processes_with(mark).empty());
  }
  check_as_before(before, mark);
}

TEST_CASE("a supervisor killed at any moment takes its worlds along") {
  { WorldDriver warm; }
  const auto before = HostState::now();
  const std::vector<std::string> scripts = {kStubborn[0], kStubborn[1], kStubborn[3]};
  SECTION("at its start and during the start of worlds") {
    for (int delay_ms = 0; delay_ms < 40; delay_ms += 2) {
      CAPTURE(delay_ms);
      const auto mark = new_mark();
      Client client(scripts, mark);
      REQUIRE(client.hear("begun") > 0);
      ::poll(nullptr, 0, delay_ms);
      client.kill();
      CHECK(comes_true([&] { return processes_with(mark).empty(); }));
    }
    check_as_before(before, "no such mark");
  }
  SECTION("while they run") {
    const auto mark = new_mark();
    Client client(scripts, mark);
    REQUIRE(client.hear("running") == 3);
    client.kill();
    check_as_before(before, mark);
  }
}

TEST_CASE("when the zygote is killed, its worlds end, and the next zygote sweeps their groups") {
  { WorldDriver warm; }
  const auto before = HostState::now();
  const auto mark = new_mark();
  SECTION("the supervisor lives on, is told, and can start another") {
    WorldDriver driver;
    auto trial = driver.launch(marked(driver, kStubborn[0], mark));
    REQUIRE(driver.wait([&] { return trial->finished.started; }));
    auto pending = driver.launch(marked(driver, "sleep 600", mark));
    ::kill(driver.zygote().pid(), SIGKILL);
    CHECK(driver.wait([&] { return trial->finished.gone; }));
    REQUIRE(trial->finished.error);
    CHECK_THAT(trial->finished.error->message, ContainsSubstring("zygote has died"));
    CHECK(driver.wait([&] { return pending->over(); }));
    CHECK(processes_with(mark).empty());
  }
  SECTION("both are killed") {
    Client client({kStubborn[0], kStubborn[1]}, mark);
    const int zygote = client.hear("zygote");
    REQUIRE(client.hear("running") == 2);
    ::kill(zygote, SIGKILL);
    client.kill();
    CHECK(comes_true([&] { return processes_with(mark).empty(); }));
  }
  // What has only just died can still refuse its group's removal.
  CHECK(comes_true([&] {
    WorldDriver sweeper;
    sweeper.end_zygote();
    const auto now = orphaned_groups();
    return std::includes(before.groups.begin(), before.groups.end(), now.begin(), now.end());
  }));
  check_as_before(before, mark);
}

TEST_CASE("two hundred worlds, one after the other and four at a time, leave nothing") {
  { WorldDriver warm; }
  const auto before = HostState::now();
  const auto mark = new_mark();
  {
    WorldDriver driver;
    const auto spec = marked(driver, "exit 0", mark);
    for (int i = 0; i < 200; ++i) {
      auto finished = driver.run(spec);
      REQUIRE(finished.end);
      REQUIRE(finished.gone);
    }
    int launched = 0;
    std::vector<std::unique_ptr<Trial>> trials;
    int done = 0;
    REQUIRE(driver.wait(
        [&] {
          done += static_cast<int>(
              std::erase_if(trials, [](const auto& trial) { return trial->finished.gone; }));
          while (trials.size() < 4 && launched < 200) {
            trials.push_back(driver.launch(spec));
            ++launched;
          }
          return done == 200;
        },
        120'000));
  }
  check_as_before(before, mark);
}
