#pragma once
// The system calls whose order can be decided: one table, read by the filter (which calls are
// notified) and by the resolver (what a call is named and which of its arguments are paths).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::os {

enum class CallKind : std::uint8_t {
  kMutation,  // changes names: mkdir, unlink, rename, open with O_CREAT or O_TRUNC
  kRead,      // looks at names or moves contents: stat, readlink, open, read, write
  kStart,     // starts a thread or a process
  kBegin,     // what runtimes call first of all in a new thread or process: its own first point
  kRandom,    // getrandom: answered, never held
  kListener,  // seccomp for a listener of the subject's own: refused, for a thread has one
  kPolicy,  // would take a thread off the CPU or policy that it must stay on: answered, never held
};

inline constexpr int kNoArg = -1;

struct PathArg {
  int dirfd_arg = kNoArg;  // kNoArg: relative to the working directory
  int path_arg = kNoArg;   // kNoArg: the descriptor itself is the object
};

struct PointCall {
  std::string_view name;  // what trace and keys say; variants of one operation share it
  int number = 0;
  CallKind kind = CallKind::kRead;
  PathArg first;
  PathArg second;
  int open_flags_arg = kNoArg;    // open: its flags tell a creation from a reading
  int unlink_flags_arg = kNoArg;  // unlinkat: AT_REMOVEDIR makes it an rmdir
};

std::span<const PointCall> point_calls();
const PointCall* find_point_call(int number);

// An operation's name as in the table ("mkdir", "open-create", "open", "rmdir"), or any system
// call's own name ("fsync"): the numbers that may carry it.
model::Result<std::vector<int>> numbers_of_call(const std::string& name);

// The kernel's own name of a call that the table does not hold; "syscall 999" if it has none.
std::string name_of_number(int number);

}  // namespace relapse::os
