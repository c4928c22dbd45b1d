// What a subject finds in a world, and how its end is told.

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstring>
#include <filesystem>

#include "catch.h"
#include "programs.h"
#include "world_driver.h"

using relapse::model::ErrorKind;

namespace {

bool has_note(relapse::world::Zygote& zygote, const std::string& word) {
  for (const auto& note : zygote.notes()) {
    if (note.find(word) != std::string::npos) {
      return true;
    }
  }
  return false;
}

}  // namespace

TEST_CASE("a world runs a command as the ordinary user and reports its end") {
  WorldDriver driver;
  auto finished = driver.run(driver.shell("id -u; pwd; whoami; echo $$; hostname; exit 7"));
  INFO((finished.error ? finished.error->text() : ""));
  REQUIRE_FALSE(finished.error);
  REQUIRE(finished.end);
  CHECK(finished.end->code == 7);
  CHECK_FALSE(finished.end->signaled);
  CHECK_FALSE(finished.end->oom);
  CHECK(finished.output == "1000\n/home/user\nuser\n2\nrelapse\n");
  CHECK(finished.gone);
}

TEST_CASE("the environment is what the description says, and nothing else") {
  WorldDriver driver;
  auto spec = driver.shell("");
  spec.command = {"env"};
  spec.env = {{"PATH", "/usr/bin:/bin"}, {"A", "b c"}};
  CHECK(driver.run(spec).output == "A=b c\nPATH=/usr/bin:/bin\n");
}

TEST_CASE("a subject sees its own group as the root, and no other file system of the host") {
  WorldDriver driver;
  auto finished = driver.run(driver.shell("cut -d: -f3 /proc/self/cgroup | sort -u; ls -A /tmp"));
  CHECK(finished.output == "/\n");
}

TEST_CASE("a subject has three descriptors, no capability, and no way to PID 1 or the host") {
  WorldDriver driver;
  auto spec = driver.shell("");
  spec.command = {"/opt/probe/world_probe"};
  spec.mounts = {{program("world_probe"), "/opt/probe/world_probe"}};
  auto finished = driver.run(spec, 30'000);
  INFO((finished.error ? finished.error->text() : ""));
  REQUIRE(finished.end);
  CHECK(finished.end->code == 0);
  CHECK_FALSE(finished.end->signaled);
  CHECK(finished.output == "");
}

TEST_CASE("signals to PID 1 do not end a world") {
  WorldDriver driver;
  auto finished = driver.run(driver.shell("kill -KILL 1; kill -TERM 1; kill -STOP 1; echo alive"));
  CHECK_THAT(finished.output, ContainsSubstring("alive"));
}

TEST_CASE("the supervisor sees the world's files, and the subject's process") {
  WorldDriver driver;
  auto trial = driver.launch(driver.shell("echo here > /tmp/mark; echo done; exec sleep 60"));
  REQUIRE(driver.wait([&] {
    trial->read_output();
    return trial->finished.output == "done\n";
  }));
  CHECK(std::filesystem::exists(trial->world->root() + "/tmp/mark"));
  CHECK(::syscall(SYS_pidfd_send_signal, trial->world->subject_pidfd().get(), SIGUSR1, nullptr,
                  0) == 0);
  REQUIRE(driver.wait([&] { return trial->over(); }));
  REQUIRE(trial->finished.end);
  CHECK(trial->finished.end->signaled);
  CHECK(trial->finished.end->code == SIGUSR1);
}

TEST_CASE("what cannot be started is a scenario's error with the program's name") {
  WorldDriver driver;
  auto spec = driver.shell("");
  spec.command = {"no-such-program"};
  auto finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK(finished.error->kind == ErrorKind::kScenario);
  CHECK_THAT(finished.error->message, ContainsSubstring("no-such-program"));
  CHECK(finished.gone);

  spec.command = {};
  finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK(finished.error->kind == ErrorKind::kScenario);

  spec.command = {"/bin/true"};
  spec.listen_ports.assign(64, 0);
  finished = driver.run(spec);
  REQUIRE(finished.error);
  CHECK_THAT(finished.error->message, ContainsSubstring("15 listening ports"));
}

TEST_CASE("a full memory is told from other kills") {
  WorldDriver driver;
  auto spec = driver.shell("exec tail /dev/zero");
  spec.limits.memory_bytes = 64U << 20;
  auto finished = driver.run(spec, 30'000);
  REQUIRE(finished.end);
  if (has_note(driver.zygote(), "memory")) {
    CHECK_FALSE(finished.end->signaled);  // the program is refused memory, and says so
    CHECK(finished.end->code != 0);
    CHECK_THAT(finished.output, ContainsSubstring("memory exhausted"));
  } else {
    CHECK(finished.end->signaled);
    CHECK(finished.end->code == SIGKILL);
    CHECK(finished.end->oom);
  }

  finished = driver.run(driver.shell("kill -KILL $$"));
  REQUIRE(finished.end);
  CHECK(finished.end->signaled);
  CHECK(finished.end->code == SIGKILL);
  CHECK_FALSE(finished.end->oom);
}

TEST_CASE("each limit holds, and its end says which it was") {
  WorldDriver driver;
  SECTION("processes") {
    auto spec = driver.shell("for i in $(seq 50); do sleep 60 & done; wait");
    spec.limits.processes = 20;
    auto finished = driver.run(spec);
    REQUIRE(finished.end);
    CHECK_THAT(finished.output, ContainsSubstring("fork"));
    CHECK(finished.gone);
  }
  SECTION("a file's size") {
    auto spec = driver.shell("exec head -c 2M /dev/zero > big");
    spec.limits.file_bytes = 1U << 20;
    auto finished = driver.run(spec);
    REQUIRE(finished.end);
    CHECK(finished.end->signaled);
    CHECK(finished.end->code == SIGXFSZ);
  }
  SECTION("all files together") {
    auto spec = driver.shell("head -c 1M /dev/zero > /tmp/a; head -c 2M /dev/zero > ~/b");
    spec.limits.disk_bytes = 2U << 20;
    auto finished = driver.run(spec);
    CHECK_THAT(finished.output, ContainsSubstring("No space left"));
  }
  SECTION("time on a processor") {
    auto spec = driver.shell("while :; do :; done");
    spec.limits.cpu_s = 1;
    auto finished = driver.run(spec, 60'000);
    REQUIRE(finished.end);
    CHECK(finished.end->signaled);
    CHECK(finished.end->code == SIGXCPU);
    CHECK(finished.end->cpu_ms >= 900);
  }
  SECTION("open files") {
    auto spec = driver.shell("ulimit -n; ulimit -Hn");
    spec.limits.open_files = 77;
    CHECK(driver.run(spec).output == "77\n77\n");
  }
}

TEST_CASE("a subject under the scheduler runs on its processor with its policy, PID 1 does not") {
  WorldDriver driver;
  auto spec = driver.shell("cut -d' ' -f41 /proc/self/stat /proc/1/stat; nproc");
  spec.control.cpu = 0;
  spec.control.fifo_priority = 1;
  const sched_param fifo{1};
  const sched_param normal{0};
  const bool allowed = ::sched_setscheduler(0, SCHED_FIFO, &fifo) == 0;
  ::sched_setscheduler(0, SCHED_OTHER, &normal);
  auto finished = driver.run(spec);
  // Without privilege it is an error, never a silent lack.
  CHECK(finished.error.has_value() != allowed);
  if (allowed) {
    CHECK(finished.output == "1\n0\n1\n");
  }
}

TEST_CASE("a held system call arrives at the supervisor, and does not keep a world alive") {
  WorldDriver driver;
  const sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  auto spec = driver.shell("exec mkdir /tmp/x");
  spec.control.filter.resize(sizeof(program));
  std::memcpy(spec.control.filter.data(), program, sizeof(program));
  auto trial = driver.launch(spec);
  REQUIRE(driver.wait([&] { return trial->listener || trial->over(); }));
  INFO((trial->finished.error ? trial->finished.error->text() : ""));
  REQUIRE(trial->listener);
  trial->stop();
  REQUIRE(driver.wait([&] { return trial->over(); }));
  CHECK(trial->finished.gone);
  CHECK_FALSE(trial->finished.end);
}
