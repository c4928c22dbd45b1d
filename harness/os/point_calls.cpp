#include "os/point_calls.h"

#include <fmt/format.h>
#include <seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <vector>

namespace relapse::os {

using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

constexpr PathArg at(int dirfd_arg, int path_arg) {
  return {dirfd_arg, path_arg};
}
constexpr PathArg cwd(int path_arg) {
  return {kNoArg, path_arg};
}
constexpr PathArg fd(int fd_arg) {
  return {fd_arg, kNoArg};
}

constexpr auto kMutation = CallKind::kMutation;
constexpr auto kRead = CallKind::kRead;
constexpr auto kStart = CallKind::kStart;

// Calls that only older architectures have stand under #ifdef: aarch64 has the *at forms alone.
constexpr PointCall kCalls[] = {
#ifdef SYS_mkdir
    {"mkdir", SYS_mkdir, kMutation, cwd(0), {}},
    {"rmdir", SYS_rmdir, kMutation, cwd(0), {}},
    {"unlink", SYS_unlink, kMutation, cwd(0), {}},
    {"rename", SYS_rename, kMutation, cwd(0), cwd(1)},
    {"link", SYS_link, kMutation, cwd(0), cwd(1)},
    {"symlink", SYS_symlink, kMutation, cwd(1), {}},
    {"open-create", SYS_creat, kMutation, cwd(0), {}},
    {"open", SYS_open, kRead, cwd(0), {}, 1},
    {"stat", SYS_stat, kRead, cwd(0), {}},
    {"stat", SYS_lstat, kRead, cwd(0), {}},
    {"access", SYS_access, kRead, cwd(0), {}},
    {"readlink", SYS_readlink, kRead, cwd(0), {}},
    {"getdents", SYS_getdents, kRead, fd(0), {}},
    {"chmod", SYS_chmod, kRead, cwd(0), {}},
    {"start", SYS_fork, kStart, {}, {}},
    {"start", SYS_vfork, kStart, {}, {}},
#endif
    {"mkdir", SYS_mkdirat, kMutation, at(0, 1), {}},
    {"unlink", SYS_unlinkat, kMutation, at(0, 1), {}, kNoArg, 2},
#ifdef SYS_renameat
    {"rename", SYS_renameat, kMutation, at(0, 1), at(2, 3)},
#endif
    {"rename", SYS_renameat2, kMutation, at(0, 1), at(2, 3)},
    {"link", SYS_linkat, kMutation, at(0, 1), at(2, 3)},
    {"symlink", SYS_symlinkat, kMutation, at(1, 2), {}},
    {"truncate", SYS_truncate, kMutation, cwd(0), {}},
    {"truncate", SYS_ftruncate, kMutation, fd(0), {}},
    {"open", SYS_openat, kRead, at(0, 1), {}, 2},
    {"open", SYS_openat2, kRead, at(0, 1), {}},
    {"stat", SYS_newfstatat, kRead, at(0, 1), {}},
    {"stat", SYS_statx, kRead, at(0, 1), {}},
    {"access", SYS_faccessat, kRead, at(0, 1), {}},
    {"access", SYS_faccessat2, kRead, at(0, 1), {}},
    {"readlink", SYS_readlinkat, kRead, at(0, 1), {}},
    {"getdents", SYS_getdents64, kRead, fd(0), {}},
    {"read", SYS_read, kRead, fd(0), {}},
    {"read", SYS_pread64, kRead, fd(0), {}},
    {"read", SYS_readv, kRead, fd(0), {}},
    {"write", SYS_write, kRead, fd(0), {}},
    {"write", SYS_pwrite64, kRead, fd(0), {}},
    {"write", SYS_writev, kRead, fd(0), {}},
    {"lseek", SYS_lseek, kRead, fd(0), {}},
    {"chmod", SYS_fchmod, kRead, fd(0), {}},
    {"chmod", SYS_fchmodat, kRead, at(0, 1), {}},
    {"sendfile", SYS_sendfile, kRead, fd(1), fd(0)},
    {"sendfile", SYS_copy_file_range, kRead, fd(0), fd(2)},
    {"start", SYS_clone, kStart, {}, {}},
    {"start", SYS_clone3, kStart, {}, {}},
    {"begin", SYS_set_robust_list, CallKind::kBegin, {}, {}},
    {"begin", SYS_rseq, CallKind::kBegin, {}, {}},
    {"begin", SYS_set_tid_address, CallKind::kBegin, {}, {}},
    {"begin", SYS_sigaltstack, CallKind::kBegin, {}, {}},
    {"getrandom", SYS_getrandom, CallKind::kRandom, {}, {}},
    {"seccomp", SYS_seccomp, CallKind::kListener, {}, {}},
    {"sched", SYS_sched_setaffinity, CallKind::kPolicy, {}, {}},
    {"sched", SYS_sched_setscheduler, CallKind::kPolicy, {}, {}},
    {"sched", SYS_sched_setparam, CallKind::kPolicy, {}, {}},
    {"sched", SYS_sched_setattr, CallKind::kPolicy, {}, {}},
};

bool may_carry(const PointCall& call, std::string_view name) {
  return call.name == name || (name == "open-create" && call.name == "open") ||
         (name == "rmdir" && call.unlink_flags_arg != kNoArg);
}

}  // namespace

std::span<const PointCall> point_calls() {
  return kCalls;
}

const PointCall* find_point_call(int number) {
  const auto* found = std::find_if(std::begin(kCalls), std::end(kCalls),
                                   [&](const PointCall& call) { return call.number == number; });
  return found == std::end(kCalls) ? nullptr : found;
}

Result<std::vector<int>> numbers_of_call(const std::string& name) {
  std::vector<int> numbers;
  for (const auto& call : kCalls) {
    if (may_carry(call, name)) {
      numbers.push_back(call.number);
    }
  }
  if (numbers.empty()) {
    int number = seccomp_syscall_resolve_name(name.c_str());
    if (number < 0) {  // also the pseudo numbers of calls that this architecture lacks
      return Error{ErrorKind::kScenario, fmt::format("there is no system call '{}'", name),
                   "a name as strace prints it, or mkdir, open-create, rename and the like", "", 0};
    }
    numbers.push_back(number);
  }
  return numbers;
}

std::string name_of_number(int number) {
  char* name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
  if (name == nullptr) {
    return fmt::format("syscall {}", number);
  }
  std::string copy(name);
  std::free(name);
  return copy;
}

}  // namespace relapse::os
