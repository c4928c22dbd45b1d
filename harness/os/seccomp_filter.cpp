#include "os/seccomp_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <set>

#include "os/point_calls.h"

namespace relapse::os {

using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
constexpr std::uint32_t kX32Bit = 0x40000000;  // __X32_SYSCALL_BIT
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows x86-64 and aarch64"
#endif

// Both, so that an older header without the flag still builds.
constexpr std::uint32_t kFlagNewListener = 1U << 3;
constexpr std::uint32_t kFlagWaitKillableRecv = 1U << 5;  // Linux 5.19

constexpr std::uint32_t kNoSys = SECCOMP_RET_ERRNO | ENOSYS;

sock_filter load(size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t action) {
  return BPF_STMT(BPF_RET | BPF_K, action);
}
sock_filter skip_unless_equal(std::uint32_t value, std::uint8_t skip) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip);
}
sock_filter skip_unless_bits(std::uint32_t bits, std::uint8_t skip) {
  return BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skip);
}
// Arguments are 64 bits wide; the flags that are looked at lie in the lower half.
constexpr size_t low_half_of_arg(int index) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return offsetof(seccomp_data, args) + static_cast<size_t>(index) * sizeof(std::uint64_t);
#else
  return offsetof(seccomp_data, args) + static_cast<size_t>(index) * sizeof(std::uint64_t) + 4;
#endif
}

void refuse_ways_around(std::vector<sock_filter>& out) {
  out.push_back(load(offsetof(seccomp_data, arch)));
  out.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0));
  out.push_back(answer(kNoSys));
  out.push_back(load(offsetof(seccomp_data, nr)));
#if defined(__x86_64__)
  out.push_back(skip_unless_bits(kX32Bit, 1));
  out.push_back(answer(kNoSys));
#endif
  for (int number : {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register}) {
    out.push_back(skip_unless_equal(static_cast<std::uint32_t>(number), 1));
    out.push_back(answer(kNoSys));
  }
}

bool wanted(const PointCall& call, const FilterPoints& points) {
  switch (call.kind) {
    case CallKind::kMutation:
      return points.mutations || points.reads;
    case CallKind::kRead:
      return points.reads;
    case CallKind::kStart:
      return true;
    case CallKind::kBegin:
      return points.mutations || points.reads;
    case CallKind::kRandom:
      return points.random;
    case CallKind::kPolicy:
      return points.policy;
    case CallKind::kListener:
      return false;  // by its flags alone
  }
  return false;
}

void notify(std::vector<sock_filter>& out, int number) {
  out.push_back(skip_unless_equal(static_cast<std::uint32_t>(number), 1));
  out.push_back(answer(SECCOMP_RET_USER_NOTIF));
}

// With mutations alone an open matters only if it may create or cut a file.
void notify_creating_open(std::vector<sock_filter>& out, const PointCall& call) {
  out.push_back(skip_unless_equal(static_cast<std::uint32_t>(call.number), 4));
  out.push_back(load(low_half_of_arg(call.open_flags_arg)));
  out.push_back(skip_unless_bits(O_CREAT | O_TRUNC, 1));
  out.push_back(answer(SECCOMP_RET_USER_NOTIF));
  out.push_back(answer(SECCOMP_RET_ALLOW));
}

// The kernel would refuse it with EBUSY; notified, so that this is known.
void notify_own_listener(std::vector<sock_filter>& out) {
  constexpr int kFlagsArg = 1;
  out.push_back(skip_unless_equal(SYS_seccomp, 4));
  out.push_back(load(low_half_of_arg(kFlagsArg)));
  out.push_back(skip_unless_bits(kFlagNewListener, 1));
  out.push_back(answer(SECCOMP_RET_USER_NOTIF));
  out.push_back(answer(SECCOMP_RET_ALLOW));
}

}  // namespace

Result<std::vector<sock_filter>> build_notify_filter(const FilterPoints& points) {
  std::vector<sock_filter> program;
  refuse_ways_around(program);
  std::set<int> done;
  for (int number : points.more_numbers) {
    if (done.insert(number).second) {
      notify(program, number);
    }
  }
  for (const auto& call : point_calls()) {
    if (done.count(call.number) != 0) {
      continue;
    }
    // The flags of openat2 lie in memory, where a filter cannot look: each one is notified.
    bool hidden_flags = points.mutations && call.number == SYS_openat2;
    if (hidden_flags || wanted(call, points)) {
      notify(program, call.number);
    } else if (points.mutations && call.open_flags_arg != kNoArg) {
      notify_creating_open(program, call);
    }
  }
  notify_own_listener(program);
  program.push_back(answer(SECCOMP_RET_ALLOW));
  if (program.size() > BPF_MAXINSNS) {
    return Error{ErrorKind::kScenario, "too many system calls for one filter", "name fewer", "", 0};
  }
  return program;
}

std::string filter_bytes(const std::vector<sock_filter>& program) {
  std::string bytes(program.size() * sizeof(sock_filter), '\0');
  std::memcpy(bytes.data(), program.data(), bytes.size());
  return bytes;
}

std::uint32_t notify_filter_flags() {
  return kFlagNewListener | kFlagWaitKillableRecv;
}

int install_notify_filter(const sock_filter* program, std::uint16_t length, bool no_new_privs) {
  if (no_new_privs && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    return -errno;
  }
  sock_fprog filter{length, const_cast<sock_filter*>(program)};
  long fd = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, notify_filter_flags(), &filter);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

}  // namespace relapse::os
