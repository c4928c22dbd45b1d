#include "os/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "catch.h"
#include "os/point_calls.h"

using namespace relapse;

namespace {

#if defined(__x86_64__)
constexpr unsigned kArch = AUDIT_ARCH_X86_64;
#else
constexpr unsigned kArch = AUDIT_ARCH_AARCH64;
#endif

// What the kernel would answer: the few instructions that the filter is made of, interpreted.
unsigned run(const std::vector<sock_filter>& program, const seccomp_data& data) {
  unsigned accumulator = 0;
  for (size_t pc = 0; pc < program.size(); ++pc) {
    const auto& step = program[pc];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&accumulator, reinterpret_cast<const char*>(&data) + step.k, 4);
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        pc += accumulator == step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        pc += (accumulator & step.k) != 0 ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        FAIL("an instruction that the test does not know");
    }
  }
  FAIL("ran off the end");
  return 0;
}

unsigned answer(const os::FilterPoints& points, int number, std::uint64_t arg1 = 0,
                std::uint64_t arg2 = 0, unsigned arch = kArch) {
  auto program = os::build_notify_filter(points);
  REQUIRE(program);
  seccomp_data data{};
  data.nr = number;
  data.arch = arch;
  data.args[1] = arg1;
  data.args[2] = arg2;
  return run(*program, data);
}

constexpr unsigned kNotify = SECCOMP_RET_USER_NOTIF;
constexpr unsigned kAllow = SECCOMP_RET_ALLOW;
constexpr unsigned kNoSys = SECCOMP_RET_ERRNO | ENOSYS;

}  // namespace

TEST_CASE("mutations are notified, reads pass unless they are asked for") {
  os::FilterPoints mutations;
  os::FilterPoints reads;
  reads.reads = true;
  CHECK(answer(mutations, SYS_mkdirat) == kNotify);
  CHECK(answer(mutations, SYS_unlinkat) == kNotify);
  CHECK(answer(mutations, SYS_clone3) == kNotify);
  CHECK(answer(mutations, SYS_newfstatat) == kAllow);
  CHECK(answer(mutations, SYS_read) == kAllow);
  CHECK(answer(reads, SYS_mkdirat) == kNotify);
  CHECK(answer(reads, SYS_newfstatat) == kNotify);
  CHECK(answer(reads, SYS_pwrite64) == kNotify);
  CHECK(answer(reads, SYS_getpid) == kAllow);
}

TEST_CASE("with mutations alone an open is notified only if it creates or cuts") {
  os::FilterPoints points;
  CHECK(answer(points, SYS_openat, 0, O_RDONLY) == kAllow);
  CHECK(answer(points, SYS_openat, 0, O_WRONLY | O_CREAT) == kNotify);
  CHECK(answer(points, SYS_openat, 0, O_WRONLY | O_TRUNC) == kNotify);
  // The instruction after the open's must not be reached with the flags in the accumulator.
  CHECK(answer(points, SYS_openat, 0, SYS_mkdirat) == kAllow);
  CHECK(answer(points, SYS_openat2) == kNotify);
}

TEST_CASE("the ways around the filter do not exist for the subject") {
  os::FilterPoints points;
  CHECK(answer(points, SYS_io_uring_setup) == kNoSys);
  CHECK(answer(points, SYS_io_uring_enter) == kNoSys);
  CHECK(answer(points, SYS_getpid, 0, 0, AUDIT_ARCH_I386) == kNoSys);
#if defined(__x86_64__)
  CHECK(answer(points, 0x40000000 | SYS_mkdir) == kNoSys);
#endif
}

TEST_CASE("a listener of the subject's own is notified, a plain filter is not") {
  os::FilterPoints points;
  CHECK(answer(points, SYS_seccomp, SECCOMP_FILTER_FLAG_NEW_LISTENER) == kNotify);
  CHECK(answer(points, SYS_seccomp, 0) == kAllow);
}

TEST_CASE("a rule's calls are notified whatever the set of points") {
  os::FilterPoints points;
  points.mutations = false;
  points.policy = false;
  points.random = false;
  auto numbers = os::numbers_of_call("fsync");
  REQUIRE(numbers);
  points.more_numbers = *numbers;
  CHECK(answer(points, SYS_fsync) == kNotify);
  CHECK(answer(points, SYS_mkdirat) == kAllow);
  CHECK(answer(points, SYS_openat, 0, O_CREAT) == kAllow);
  CHECK(answer(points, SYS_getrandom) == kAllow);
  CHECK_FALSE(os::numbers_of_call("no_such_call").ok());
  CHECK(os::numbers_of_call("open-create")->size() >= 2);
}
