#include <linux/futex.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "diagnose/wait_calls.h"

namespace relapse::diagnose::calls {

constexpr unsigned kFutex2Private = 128;  // FUTEX2_PRIVATE

static bool is_thread(const Context& c, int tid) {
  return std::find(c.threads.begin(), c.threads.end(), tid) != c.threads.end();
}

// glibc's mutex: lock, count, owner, users, kind. The word is 2 when somebody waits for it. An
// owner that is no thread of this process may be a thread of the parent it was forked from.
static void add_mutex_owner(const Context& c, Wait& wait, std::uint32_t expected) {
  std::array<std::int32_t, 5> mutex{};
  if (expected != 2 || !c.memory.read(wait.futex_address, mutex.data(), sizeof mutex)) {
    return;
  }
  constexpr std::int32_t kMostKinds = 1024;  // type, robust, protocol and elision bits
  constexpr std::int32_t kMostUsers = 1 << 20;
  bool looks_so = mutex[0] == 2 && mutex[3] >= 1 && mutex[3] < kMostUsers && mutex[4] >= 0 &&
                  mutex[4] < kMostKinds;
  if (looks_so && mutex[2] > 0 && is_thread(c, mutex[2])) {
    wait.lock_owner = mutex[2];
  }
}

Wait futex_wait_of(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  const auto op = static_cast<unsigned>(c.arg(1));
  const unsigned command = op & FUTEX_CMD_MASK;
  const bool own_memory = (op & FUTEX_PRIVATE_FLAG) != 0;
  const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
  const auto expected = static_cast<std::uint32_t>(c.arg(2));
  wait.futex_address = c.arg(0);
  std::uint32_t word = 0;
  c.memory.read(wait.futex_address, &word, sizeof word);
  switch (command) {
    case FUTEX_WAIT:
      wait.timeout_ms = timespec_timeout(c, c.arg(3));
      break;
    case FUTEX_LOCK_PI:
      wait.timeout_ms = absolute_timeout(c, c.arg(3), true);
      break;
    default:
      wait.timeout_ms = absolute_timeout(c, c.arg(3), realtime);
  }
  if (command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2) {
    int owner = static_cast<int>(word & FUTEX_TID_MASK);
    wait.lock_owner = is_thread(c, owner) ? std::optional(owner) : std::nullopt;
  } else if (!own_memory && word == expected && is_thread(c, static_cast<int>(word))) {
    wait.joined = static_cast<int>(word);
  } else {
    add_mutex_owner(c, wait, expected);
  }
  wait.shared_memory = own_memory ? "" : "?";  // settled by the caller, who can read the maps
  return wait;
}

struct FutexWaiter {  // the kernel's struct futex_waitv
  std::uint64_t value;
  std::uint64_t address;
  std::uint32_t flags;
  std::uint32_t reserved;
};

Wait futex_waitv_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  FutexWaiter first{};
  if (c.memory.read(c.arg(0), &first, sizeof first)) {
    wait.futex_address = first.address;
    wait.shared_memory = (first.flags & kFutex2Private) != 0 ? "" : "?";
  }
  wait.timeout_ms = absolute_timeout(c, c.arg(3), c.arg(4) == CLOCK_REALTIME);
  return wait;
}

Wait futex2_wait(const Context& c) {
  Wait wait = of_kind(WaitKind::kFutex);
  wait.futex_address = c.arg(0);
  wait.shared_memory = (c.arg(3) & kFutex2Private) != 0 ? "" : "?";
  wait.timeout_ms = absolute_timeout(c, c.arg(4), c.arg(5) == CLOCK_REALTIME);
  return wait;
}

}  // namespace relapse::diagnose::calls
