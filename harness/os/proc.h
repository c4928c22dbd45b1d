#pragma once
// What /proc says of processes and threads, as plain values. A process may end between two reads:
// that is no error, the value is then absent. So is what we may not see (another user's).

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace relapse::os {

// A file below /proc, whole. Absent: it went away, or we may not read it.
std::optional<std::string> read_proc_file(const std::string& path);
std::optional<std::string> read_proc_link(const std::string& path);

std::vector<int> list_pids();
std::vector<int> list_tids(int pid);

struct ProcStat {
  int pid = 0;
  std::string comm;
  char state = '?';  // R S D T t Z X I
  int ppid = 0;
  int pgrp = 0;
  int session = 0;
  int tty_number = 0;         // the kernel's device number of the controlling terminal, 0: none
  bool forked_only = false;   // it has not called exec since its fork
  std::uint64_t cpu_ns = 0;   // of all threads, in steps of a clock tick
  std::uint64_t started = 0;  // clock ticks since boot: with the pid it names a process uniquely
};
std::optional<ProcStat> read_stat(int pid);
std::optional<ProcStat> read_thread_stat(int pid, int tid);

struct ProcStatus {
  std::vector<int> ns_pids;  // from the reader's PID namespace to the innermost
  int tgid = 0;              // of a thread: its process, in the reader's PID namespace
  int tracer = 0;
  unsigned uid = 0;  // effective
  std::uint64_t pending = 0;
  std::uint64_t blocked = 0;  // signal masks: bit n-1 is signal n
  std::uint64_t ignored = 0;
  std::uint64_t caught = 0;
  std::uint64_t switches = 0;  // voluntary and forced
};
std::optional<ProcStatus> read_status(int pid);
// Of the process that a pidfd stands for, as we number it; absent once it has been reaped.
std::optional<int> pid_of_pidfd(int pidfd);
std::optional<ProcStatus> read_thread_status(int pid, int tid);

// How often and how long a thread had a processor: equal pairs mean that it did not run between.
struct RunCount {
  std::uint64_t run_ns = 0;
  std::uint64_t queued_ns = 0;  // runnable, but without a processor
  std::uint64_t slices = 0;
  friend bool operator==(const RunCount&, const RunCount&) = default;
};
std::optional<RunCount> read_run_count(int pid, int tid);

struct SyscallFact {
  enum class State { kRunning, kInCall, kElsewhere, kHidden };
  State state = State::kHidden;  // kElsewhere: asleep, but not in a system call (a page fault)
  long number = -1;
  std::array<std::uint64_t, 6> args{};
};
SyscallFact read_syscall(int pid, int tid);
std::string read_wchan(int pid, int tid);  // "" when unknown

struct IoCount {
  std::uint64_t read_bytes = 0;  // through read and its like, sockets by recv are not in it
  std::uint64_t written_bytes = 0;
  std::uint64_t read_calls = 0;
  std::uint64_t write_calls = 0;
};
std::optional<IoCount> read_io(int pid);

std::vector<std::string> read_command_line(int pid);

// The inode number of a namespace: "net", "pid", "mnt", "user".
std::optional<std::uint64_t> namespace_id(int pid, const std::string& kind);

// POSIX timers (timer_create) that exist; whether one is armed is not told.
int count_posix_timers(int pid);

// Of the whole machine, whoever it belongs to: when the next alarm or interval timer
// (setitimer) is due, and the next armed POSIX timer. Absent: none, or not ours to see.
struct KernelTimers {
  bool readable = false;
  std::vector<double> alarms_due_ms;
};
KernelTimers read_kernel_timers();

// Which file a shared mapping at `address` belongs to, "" for private memory.
std::string shared_mapping_at(int pid, std::uint64_t address);

}  // namespace relapse::os
