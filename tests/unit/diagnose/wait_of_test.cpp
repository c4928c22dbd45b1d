#include "diagnose/wait_of.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>

#include <cstring>

#include "catch.h"

using namespace relapse::diagnose;  // NOLINT
using relapse::os::SyscallFact;

namespace {

constexpr std::uint64_t kBase = 0x1000;

// A page at kBase.
class Page : public Memory {
 public:
  std::vector<char> bytes = std::vector<char>(4096);
  bool fifo = false;

  template <typename T>
  std::uint64_t put(size_t at, const T& value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
    return kBase + at;
  }
  bool read(std::uint64_t address, void* into, size_t size) const override {
    if (address < kBase || address + size > kBase + bytes.size()) {
      return false;
    }
    std::memcpy(into, bytes.data() + (address - kBase), size);
    return true;
  }
  std::optional<std::string> text(std::uint64_t address) const override {
    return std::string(bytes.data() + (address - kBase));
  }
  bool is_fifo(int, const std::string&) const override { return fifo; }
};

ThreadLook call(long number, std::array<std::uint64_t, 6> args, char state = 'S') {
  ThreadLook look;
  look.state = state;
  look.call.state = SyscallFact::State::kInCall;
  look.call.number = number;
  look.call.args = args;
  return look;
}

const std::vector<int> kThreads = {10, 11};

}  // namespace

TEST_CASE("reads and writes name their descriptor") {
  Page page;
  Wait wait = wait_of(call(SYS_read, {0}), page, kThreads);
  CHECK(wait.kind == WaitKind::kInput);
  CHECK(wait.fds.at(0).fd == 0);
  CHECK(wait_of(call(SYS_writev, {1}), page, kThreads).kind == WaitKind::kOutput);
}

TEST_CASE("an epoll's time-out is a number or a structure, and -1 is none") {
  Page page;
  CHECK_FALSE(wait_of(call(SYS_epoll_pwait, {9, 0, 0, 0xffffffff}), page, kThreads).timeout_ms);
  CHECK(wait_of(call(SYS_epoll_pwait, {9, 0, 0, 7400}), page, kThreads).timeout_ms == 7400);
  std::uint64_t at = page.put(64, std::array<std::int64_t, 2>{3, 500'000'000});
  CHECK(wait_of(call(441, {9, 0, 0, at}), page, kThreads).timeout_ms == 3500);
  CHECK_FALSE(wait_of(call(441, {9, 0, 0, 0}), page, kThreads).timeout_ms);
}

TEST_CASE("a poll's set is read from memory; an unreadable one is not guessed") {
  Page page;
  std::array<pollfd, 3> set{pollfd{0, POLLIN, 0}, pollfd{-1, POLLIN, 0}, pollfd{5, POLLOUT, 0}};
  std::uint64_t at = page.put(0, set);
  Wait wait = wait_of(call(SYS_ppoll, {at, 3, 0}), page, kThreads);
  REQUIRE(wait.fds.size() == 2);
  CHECK(wait.fds[0].input);
  CHECK(wait.fds[1].fd == 5);
  CHECK(wait.fds[1].output);
  CHECK(wait_of(call(SYS_ppoll, {0x9000000, 3, 0}), page, kThreads).kind == WaitKind::kUnseen);
}

TEST_CASE("a select's bits become descriptors") {
  Page page;
  std::uint64_t input = page.put(0, std::array<std::uint64_t, 2>{1, 2});  // 0 and 65
  Wait wait = wait_of(call(SYS_pselect6, {70, input, 0, 0, 0}), page, kThreads);
  REQUIRE(wait.fds.size() == 2);
  CHECK(wait.fds[0].fd == 0);
  CHECK(wait.fds[1].fd == 65);
}

TEST_CASE("a mutex tells its owner, if it looks like one in every part") {
  Page page;
  const std::uint64_t word = page.put(128, std::array<std::int32_t, 5>{2, 0, 11, 1, 0});
  auto look = call(SYS_futex, {word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0});
  CHECK(wait_of(look, page, kThreads).lock_owner == 11);
  page.put(128, std::array<std::int32_t, 5>{2, 0, 99, 1, 0});  // no thread of ours
  CHECK_FALSE(wait_of(look, page, kThreads).lock_owner);
  page.put(128, std::array<std::int32_t, 5>{2, 0, 11, 0, 0});  // without a user
  CHECK_FALSE(wait_of(look, page, kThreads).lock_owner);
}

TEST_CASE("a join waits for the thread in its word") {
  Page page;
  const std::uint64_t word = page.put(128, std::int32_t{11});
  Wait wait = wait_of(call(SYS_futex, {word, FUTEX_WAIT, 11, 0}), page, kThreads);
  CHECK(wait.joined == 11);
}

TEST_CASE("an absolute time-out counts from now") {
  Page page;
  auto look = call(SYS_futex, {kBase, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0,
                               page.put(64, std::array<std::int64_t, 2>{107, 0})});
  look.now_monotonic = {100, 0};
  CHECK(wait_of(look, page, kThreads).timeout_ms == 7000);
}

TEST_CASE("the parent of a vfork is not at the disk, others in D are") {
  Page page;
  constexpr std::uint64_t kVfork = 0x4000;
  CHECK(wait_of(call(SYS_clone, {kVfork}, 'D'), page, kThreads).kind == WaitKind::kVfork);
  CHECK(wait_of(call(SYS_fsync, {3}, 'D'), page, kThreads).kind == WaitKind::kDisk);
}

TEST_CASE("an open is of interest only where a FIFO is opened") {
  Page page;
  std::strcpy(page.bytes.data() + 256, "/tmp/fifo");
  auto look = call(SYS_openat, {static_cast<std::uint64_t>(-100), kBase + 256, 0});
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kDisk);
  page.fifo = true;
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kFifoOpen);
  CHECK(wait_of(look, page, kThreads).path == "/tmp/fifo");
}

TEST_CASE("a call that goes on after a stop is known by where it sleeps") {
  Page page;
  auto look = call(SYS_restart_syscall, {kBase, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, 0});
  look.wchan = "futex_wait_queue";
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kFutex);
  look.wchan = "hrtimer_nanosleep";
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kSleep);
}

TEST_CASE("states outside system calls") {
  Page page;
  ThreadLook look;
  look.state = 'T';
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kStopped);
  look.state = 'R';
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kRuns);
  look.state = 'S';
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kUnseen);
  look.wchan = "do_freezer_trap";
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kStopped);
  look.wchan = "seccomp_do_user_notification";
  CHECK(wait_of(look, page, kThreads).kind == WaitKind::kHeld);
}
