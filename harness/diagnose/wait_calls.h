#pragma once
// Decoders of single system calls, shared by wait_of.cpp and the files that hold them: calls on
// descriptors in wait_streams.cpp, the futex family in wait_futex.cpp.

#include "diagnose/wait_of.h"

namespace relapse::diagnose::calls {

// Calls newer than some C libraries' headers.
constexpr long kEpollPwait2 = 441;
constexpr long kFutexWaitv = 449;
constexpr long kFutexWait = 455;

struct Context {
  const ThreadLook& look;
  const Memory& memory;
  const std::vector<int>& threads;

  std::uint64_t arg(size_t n) const { return look.call.args.at(n); }
  int fd_arg(size_t n) const { return static_cast<int>(arg(n)); }
};

Wait of_kind(WaitKind kind);

// Time left; absent: none is set. What cannot be read counts as "now": such a wait is then not
// taken for endless. `unit_per_ms` is that of the second word.
std::optional<double> relative_timeout(const Context& c, std::uint64_t at, double unit_per_ms);
std::optional<double> timespec_timeout(const Context& c, std::uint64_t at);
std::optional<double> absolute_timeout(const Context& c, std::uint64_t at, bool realtime);

Wait input_wait(const Context& c);
Wait recvmmsg_wait(const Context& c);
Wait output_wait(const Context& c);
Wait sendfile_wait(const Context& c);
Wait splice_wait(const Context& c);
Wait tee_wait(const Context& c);
Wait accept_wait(const Context& c);
Wait connect_wait(const Context& c);
Wait poll_wait(const Context& c);
Wait ppoll_wait(const Context& c);
Wait select_wait(const Context& c);
Wait pselect_wait(const Context& c);
Wait epoll_wait_of(const Context& c);

Wait futex_wait_of(const Context& c);
Wait futex_waitv_wait(const Context& c);
Wait futex2_wait(const Context& c);

}  // namespace relapse::diagnose::calls
