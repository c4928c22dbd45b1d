#pragma once
// Why nothing moves: what `diagnose` finds and every report shows. Plain data.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relapse::model {

enum class Movement {
  kHang,       // nothing moves and nothing is due to
  kProgress,   // it moves, or a timer, a pending reply or the disk will move it
  kEnded,      // the subject has exited
  kUndecided,  // it could not be seen well enough (a permission, a race with its end)
};

// Proved: the set of waiters is closed and has no timer. Evidence: it is quiet, the wait is of
// a kind that ends only by somebody who shows no sign of it, but a timer or an outsider remains.
enum class Proof { kNone, kProved, kEvidence };

enum class Cause {
  kNone,
  kStdinOpen,          // waits for input on fd 0; the far end is held open
  kPipeEmpty,          // reads another pipe or socketpair that nobody writes
  kPipeFull,           // writes to a pipe or socketpair that nobody reads
  kFifoOpen,           // open() of a FIFO without a partner
  kSocketReply,        // a request went out over a socket, the reply does not come
  kAccept,             // listens, and nobody connects
  kChild,              // waits for a child that never ends
  kOrphanHoldsOutput,  // waits for the end of an output that a descendant still holds open
  kFutex,              // a lock or condition held or never signalled inside one program
  kFileLock,           // flock or fcntl lock held by another
  kStopped,            // SIGSTOP, SIGTSTP or a debugger
  kSignalWait,         // pause, sigsuspend, sigwait, and nobody sends
  kWriteEndLeaked,     // the reader itself holds the only write end of what it reads
  kTimer,              // only a timer moves it on (progress, not a hang)
  kDisk,               // in the kernel, uninterruptible (progress, not a hang)
  kCpu,                // it computes (progress, not a hang)
  kTerminal,           // waits for a terminal: a person may type
  kUnknown,
};

struct ProcessRef {
  int pid = 0;         // as the subject sees it (innermost PID namespace)
  int host_pid = 0;    // as relapse sees it
  std::string name;    // a role if one is known ("runner", "agent"), else the command's name
  std::string detail;  // what tells it apart: version, or the command line, shortened

  bool operator==(const ProcessRef&) const = default;
};

// A thread's blocking call, or what a process holds: the nodes and edges of the picture.
struct WaitNode {
  ProcessRef process;
  int threads = 0;
  std::string state;     // "waits", "runs", "stopped", "disk", "zombie"
  std::string activity;  // "epoll_wait on fd 0 (socket:[81]), fd 19 (eventfd), timeout 7.4 s"

  bool operator==(const WaitNode&) const = default;
};

struct WaitEdge {
  int from_pid = 0;           // subject's pid of the waiter
  std::optional<int> to_pid;  // who could end the wait; absent: nobody
  std::string object;         // "fd 0 = socket:[81] = fd 19 of runner"
  Cause cause = Cause::kUnknown;
  bool may_time_out = false;

  bool operator==(const WaitEdge&) const = default;
};

struct Diagnosis {
  Movement verdict = Movement::kUndecided;
  Proof proof = Proof::kNone;
  Cause cause = Cause::kNone;
  std::optional<ProcessRef> process;  // the one that waits, at the end of the chain
  std::optional<int> fd;              // on what, where it is a descriptor
  std::optional<ProcessRef> peer;     // who could end the wait
  std::optional<int> peer_fd;
  std::optional<std::uint64_t> peer_wrote_bytes;  // on that channel, where it is known
  std::string sentence;               // for people: process, object, holder, what it did
  std::vector<std::string> evidence;  // one fact a line, in the order a person would ask
  std::vector<WaitNode> nodes;
  std::vector<WaitEdge> edges;
  double quiet_ms = 0;     // how long nothing had moved
  double analysis_ms = 0;  // what the diagnosis itself took

  bool operator==(const Diagnosis&) const = default;
};

// A quiet stretch that ended by itself: what a grace period costs.
struct Stall {
  double began_ms = 0;  // since the trial's start
  double duration_ms = 0;
  Cause cause = Cause::kUnknown;
  std::string sentence;

  bool operator==(const Stall&) const = default;
};

// The words of the JSON: "hang"…; "proved"…; "stdin-open"….
std::string_view to_word(Movement movement);
std::string_view to_word(Proof proof);
std::string_view to_word(Cause cause);
std::optional<Cause> cause_from_word(std::string_view word);
std::vector<std::string> cause_words();

}  // namespace relapse::model
