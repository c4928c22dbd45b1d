#include "os/timer_wait.h"

#include <sys/syscall.h>
#include <sys/time.h>

#include <algorithm>
#include <ctime>

#include "os/foreign.h"

namespace relapse::os {

namespace {

constexpr double kMsPerS = 1e3;
constexpr double kNsPerMs = 1e6;
constexpr double kUsPerMs = 1e3;

double to_ms(const timespec& time) {
  return static_cast<double>(time.tv_sec) * kMsPerS + static_cast<double>(time.tv_nsec) / kNsPerMs;
}

std::optional<double> span_ms(int tid, std::uint64_t at) {
  auto span = at == 0 ? std::nullopt : read_memory_as<timespec>(tid, at);
  return span ? std::optional(to_ms(*span)) : std::nullopt;
}

std::optional<double> until_ms(int tid, std::uint64_t at, clockid_t clock) {
  auto due = span_ms(tid, at);
  timespec now{};
  if (!due || ::clock_gettime(clock, &now) != 0) {
    return std::nullopt;
  }
  return std::max(*due - to_ms(now), 0.0);
}

std::optional<double> int_ms(std::uint64_t arg) {
  const int ms = static_cast<int>(arg);
  return ms >= 0 ? std::optional<double>(ms) : std::nullopt;
}

}  // namespace

std::optional<double> limit_of_wait_ms(int tid, const SyscallFact& call) {
  const auto& args = call.args;
  switch (call.number) {
    case SYS_nanosleep:
      return span_ms(tid, args[0]);
    case SYS_clock_nanosleep: {
      const bool absolute = (args[1] & TIMER_ABSTIME) != 0;
      return absolute ? until_ms(tid, args[2], static_cast<clockid_t>(args[0]))
                      : span_ms(tid, args[2]);
    }
    case SYS_ppoll:
      return span_ms(tid, args[2]);
    case SYS_pselect6:
      return span_ms(tid, args[4]);
    case SYS_epoll_pwait:
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
      return int_ms(args[3]);
#ifdef SYS_poll
    case SYS_poll:
      return int_ms(args[2]);
#endif
#ifdef SYS_select
    case SYS_select: {
      auto span = args[4] == 0 ? std::nullopt : read_memory_as<timeval>(tid, args[4]);
      if (!span) {
        return std::nullopt;
      }
      return static_cast<double>(span->tv_sec) * kMsPerS +
             static_cast<double>(span->tv_usec) / kUsPerMs;
    }
#endif
    default:
      return std::nullopt;
  }
}

bool is_plain_sleep(const SyscallFact& call) {
  const auto& args = call.args;
  switch (call.number) {
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
      return true;
    case SYS_ppoll:
#ifdef SYS_poll
    case SYS_poll:
#endif
      return args[1] == 0;
    case SYS_pselect6:
#ifdef SYS_select
    case SYS_select:
#endif
      return args[1] == 0 && args[2] == 0 && args[3] == 0;
    default:
      return false;
  }
}

}  // namespace relapse::os
