#pragma once
// The kernel as the schedule controller sees it, at the width of three calls: what has been held,
// let it go, is the rest quiet? Everything above runs without a kernel in the unit tests.

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "model/result.h"

namespace relapse::run {

// A call of the subject that is held before it is made.
struct HeldCall {
  std::uint64_t id = 0;
  int tid = 0;
  std::string call;                // "mkdir"; "start" for a new thread or process
  std::vector<std::string> paths;  // resolved; none for a start
  std::uint64_t flags = 0;         // of an open
  std::uint64_t buffer = 0;        // of a write: where its bytes are, and how many
  std::uint64_t bytes = 0;
  int fd = -1;  // of a write
};

struct Answer {
  enum class Kind : std::uint8_t {
    kGo,          // make the call
    kFail,        // do not; value: the errno
    kShortWrite,  // write only `value` bytes of it
  };
  Kind kind = Kind::kGo;
  int value = 0;
};

struct Arrivals {
  std::vector<HeldCall> calls;
  bool ended = false;  // nobody of the subject is left
  // The first process has ended: that is the subject's end, and what still lives dies with its
  // world. What of it goes on until then is chance, so nothing does.
  bool root_ended = false;
};

// A thread that wakes by itself, at the latest then. It may wake earlier.
struct Sleeper {
  int tid = 0;
  std::chrono::steady_clock::time_point wakes_at;
};

struct Stillness {
  bool quiet = false;         // every thread is held, asleep, or has been given up waiting for
  bool more_may_come = true;  // somebody is neither held nor gone
  int retry_us = 0;           // when not quiet: how long to wait before asking again
  std::vector<int> threads;   // all that live, ascending
  std::vector<Sleeper> sleepers = {};
};

class ScheduleGate {
 public:
  virtual ~ScheduleGate() = default;

  // Calls that were held since the last time. Waits at most `wait_us` for the first.
  virtual model::Result<Arrivals> receive(int wait_us) = 0;
  // False: the caller had gone away, the call was not made.
  virtual model::Result<bool> reply(const HeldCall& call, const Answer& answer) = 0;
  // `held`: the threads whose calls are held.
  virtual Stillness is_quiet(const std::set<int>& held) = 0;

  // The subject asked for a seccomp listener of its own, which it cannot have under ours.
  virtual bool refused_listener() const { return false; }

  // For people: the program's name, and remarks on how well control was kept.
  virtual std::string program(int tid) = 0;
  virtual std::vector<std::string> notes() const = 0;
};

}  // namespace relapse::run
