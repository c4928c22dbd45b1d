// Commands in worlds, as the questions about environment variables ask for them.

#include "trial/world_commands.h"

#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"

namespace relapse::run {

namespace {

namespace fs = std::filesystem;
using model::TrialEnd;

class Place {
 public:
  Place() {
    std::string name = "/tmp/relapse-commands-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    fs::create_directories(path_ / "home/cache");
    fs::create_directories(path_ / "home/project/deps");
    std::ofstream(path_ / "home/cache/warm") << "kept\n";
    std::ofstream(path_ / "home/project/deps/lib") << "library\n";
  }
  ~Place() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  env::WorldCommand shell(const std::string& script) const {
    env::WorldCommand command;
    command.label = script;
    command.argv = {"sh", "-c", script};
    command.folder = path_ / "home/project";
    command.env = {{"HOME", path_ / "home"}};
    command.deadline_ms = 20'000;
    return command;
  }
  fs::path path_;
};

std::unique_ptr<WorldCommands> start(env::RunnerProgress progress = {}) {
  auto runner = WorldCommands::start(std::move(progress));
  if (!runner) {
    if (std::getenv("RELAPSE_MUST_WORK") == nullptr) {
      WARN("skipped: " << runner.error().text());
      std::exit(77);
    }
    FAIL(runner.error().text());
  }
  return std::move(*runner);
}

}  // namespace

TEST_CASE("the folder and the home are the world's own to write to, and stay as they were") {
  Place place;
  auto runner = start();
  auto seen = runner->run(
      {place.shell(
          "pwd; cat deps/lib \"$HOME/cache/warm\"; rm -r deps; mkdir out; "
          "echo made > out/it; echo cold > \"$HOME/cache/warm\"; ls; cat \"$HOME/cache/warm\"")},
      1);
  REQUIRE(seen.ok());
  CHECK(seen->front().end == TrialEnd::kExited);
  CHECK(seen->front().exit_code == 0);
  CHECK(seen->front().output_tail ==
        (place.path_ / "home/project").string() + "\nlibrary\nkept\nout\ncold\n");
  CHECK(fs::exists(place.path_ / "home/project/deps/lib"));
  CHECK_FALSE(fs::exists(place.path_ / "home/project/out"));
}

TEST_CASE("the environment is what was given and nothing else, fakes' addresses filled in") {
  Place place;
  auto command = place.shell("env");
  command.env["API"] = "${storage.url}/v1 ${OTHER}";
  command.fakes = {{"storage", {{"archives", nlohmann::json::object()}}}};
  auto seen = start()->run({command}, 1);
  REQUIRE(seen.ok());
  const std::string& text = seen->front().output_tail;
  CAPTURE(text, seen->front().error.text());
  CHECK(text.find("API=http://127.0.0.1:") != std::string::npos);
  CHECK(text.find("/v1 ${OTHER}\n") != std::string::npos);
  CHECK(text.find("PATH=") != std::string::npos);
  CHECK(text.find("TERM=") == std::string::npos);
}

TEST_CASE("observations stand in the commands' order, and long output is kept") {
  Place place;
  std::vector<std::string> begun;
  env::RunnerProgress progress;
  progress.started = [&](int, const std::string& label) { begun.push_back(label); };
  auto runner = start(progress);
  auto seen = runner->run({place.shell("read _ < /dev/zero & seq 1 40000; exit 3"),
                           place.shell("exit 4"), place.shell("kill -TERM $$")},
                          2);
  REQUIRE(seen.ok());
  REQUIRE(seen->size() == 3);
  CHECK(begun.size() == 3);
  CHECK((*seen)[0].exit_code == 3);
  CHECK((*seen)[0].output_tail.substr(0, 6) == "1\n2\n3\n");
  CHECK((*seen)[1].exit_code == 4);
  CHECK((*seen)[2].signaled);
  CHECK((*seen)[2].exit_code == SIGTERM);
}

TEST_CASE("a deadline is an observation of its own") {
  Place place;
  auto command = place.shell("echo begun; sleep 1000");
  command.deadline_ms = 700;
  auto seen = start()->run({command}, 1);
  REQUIRE(seen.ok());
  CHECK(seen->front().end == TrialEnd::kDeadline);
  CHECK(seen->front().output_tail == "begun\n");
}

TEST_CASE("an interrupt ends what runs and begins no more") {
  Place place;
  env::RunnerProgress progress;
  int ticks = 0;
  progress.tick = [&] {
    if (++ticks == 2) {
      ::kill(::getpid(), SIGINT);
    }
  };
  auto runner = start(progress);
  auto seen = runner->run({place.shell("sleep 1000"), place.shell("echo never")}, 1);
  REQUIRE(seen.ok());
  CHECK(runner->interrupted() == SIGINT);
  CHECK((*seen)[0].end == TrialEnd::kInterrupted);
  CHECK((*seen)[1].end == TrialEnd::kInterrupted);
  CHECK((*seen)[1].output_tail.empty());
}

}  // namespace relapse::run
