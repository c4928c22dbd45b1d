#pragma once
// One look at a tree of processes: plain data, taken while nothing in it is stopped. Facts of a
// process whose threads did not run between the two readings of their run counts hold together.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "os/foreign.h"
#include "os/proc.h"
#include "os/proc_fd.h"
#include "os/sock_diag.h"

namespace relapse::diagnose {

enum class WaitKind {
  kRuns,
  kDisk,     // uninterruptible, in the kernel
  kStopped,  // by a signal or a frozen control group
  kTraced,   // stopped for its debugger
  kHeld,     // a system call held by a seccomp supervisor
  kInput,    // one blocking read or receive
  kOutput,   // one blocking write or send
  kAccept,
  kConnect,
  kEvents,  // poll, select, epoll: any of a set
  kFutex,
  kChild,
  kVfork,  // until the child executes or ends
  kSignal,
  kSleep,  // a timer and nothing else
  kFileLock,
  kFifoOpen,
  kMessage,  // System V and POSIX queues and semaphores
  kOther,    // a call that we know nothing of
  kUnseen,   // not ours to see
};

struct Interest {
  int fd = -1;
  bool input = false;
  bool output = false;
};

struct Wait {
  WaitKind kind = WaitKind::kUnseen;
  std::string call;  // "epoll_pwait"
  std::vector<Interest> fds;
  std::optional<double> timeout_ms;  // absent: none; what is left of it is at most this

  std::uint64_t futex_address = 0;
  std::optional<int> lock_owner;   // a tid as the process itself counts
  std::optional<int> joined;       // likewise: the thread whose end it waits for
  std::string shared_memory;       // device and inode of the mapping, when others share it
  std::optional<int> child;        // kChild: this pid only, as the process counts
  std::optional<int> child_group;  // kChild: this process group only
  std::uint64_t signals = 0;       // kSignal in sigwait: what would end it
  std::string path;                // kFifoOpen; kConnect to a UNIX path
  std::string lock_type;           // kFileLock: as in os::FdLock
  bool for_output = false;         // kFifoOpen: it opens for writing
};

struct ThreadFact {
  int tid = 0;
  int inner_tid = 0;  // in its own PID namespace
  std::string name;
  char state = '?';
  Wait wait;
  os::RunCount ran;
  bool moved = false;  // it ran while we looked

  bool main(int host_pid) const { return tid == host_pid; }
};

struct ProcessFact {
  int host_pid = 0;
  int pid = 0;            // in its own PID namespace
  std::vector<int> pids;  // in each namespace, from ours to its own
  int parent = 0;         // host pid
  bool orphan = false;    // its first parent ended before it
  std::string name;
  std::string role;          // as told by the caller; may be empty
  std::string command_line;  // shortened
  bool inside = true;        // of the tree; outsiders are there because they hold an end
  bool zombie = false;
  bool seen = true;  // its threads and descriptors could be read
  int process_group = 0;
  int tracer = 0;
  int terminal = -1;  // N of its controlling /dev/pts/N
  bool forked_only = false;
  std::uint64_t started = 0;
  std::uint64_t net_namespace = 0;
  std::uint64_t caught = 0;
  std::uint64_t ignored = 0;
  int posix_timers = 0;
  std::optional<os::IoCount> io;
  std::vector<ThreadFact> threads;
  std::vector<os::FdFact> fds;
  std::map<int, os::LentFd> lent;  // by descriptor, where it was asked for

  const os::FdFact* fd(int number) const;
  // The number by which `other`, perhaps in a namespace above, knows this process.
  int pid_seen_by(const ProcessFact& other) const;
};

// What the caller knows and the kernel does not tell.
struct PendingReply {
  int client_port = 0;
  bool for_ever = false;         // the fake holds it back on purpose
  std::optional<double> due_ms;  // from now; with neither, it is being written
};
struct FakeFact {
  std::string name;
  int port = 0;
  std::vector<PendingReply> pending;
};
struct Knowledge {
  std::map<int, std::string> roles;  // by host pid
  std::vector<FakeFact> fakes;
  // Ends that relapse itself holds: an output that it always reads is nobody's reason to wait, an
  // input that it keeps open without a word is. By inode of the subject's end.
  std::vector<std::uint64_t> drained;
  std::vector<std::uint64_t> kept_silent;
};

struct Snapshot {
  double at_ms = 0;
  int root = 0;      // host pid
  int observer = 0;  // ourselves
  // Nobody outside the tree is there to signal, to connect or to open a FIFO.
  bool private_world = false;
  std::vector<ProcessFact> processes;
  std::vector<os::SocketFact> sockets;
  os::KernelTimers kernel_timers;
  Knowledge knowledge;

  const ProcessFact* process(int host_pid) const;
  const os::SocketFact* socket(std::uint64_t inode) const;
};

}  // namespace relapse::diagnose
