#pragma once
// The open descriptors of a process as /proc shows them: what each is, and what it tells of
// itself (an epoll's watched set, a timerfd's time left, locks held).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace relapse::os {

enum class FdKind {
  kPipe,  // anonymous
  kFifo,  // a pipe with a path
  kSocket,
  kEventFd,
  kTimerFd,
  kSignalFd,
  kEpoll,
  kPidFd,
  kInotify,  // and fanotify
  kIoUring,
  kTerminal,        // the side that a program reads
  kTerminalMaster,  // /dev/ptmx
  kNull,            // /dev/null, /dev/zero: never blocks
  kFile,            // regular files and folders: never block for long
  kOther,
};

struct EpollWatch {
  int fd = -1;
  std::uint32_t events = 0;
  std::uint64_t inode = 0;
};

struct FdLock {
  std::string type;  // "FLOCK", "POSIX", "OFDLCK"
  bool write = false;
  std::uint64_t inode = 0;
  std::uint64_t start = 0;
  std::uint64_t end = UINT64_MAX;
};

struct FdFact {
  int number = -1;
  FdKind kind = FdKind::kOther;
  std::string link;         // "socket:[81]", "/home/user/lock"
  std::uint64_t inode = 0;  // of the pipe, socket or file
  unsigned flags = 0;       // as open(2) takes them
  std::int64_t position = 0;
  std::vector<EpollWatch> watches;     // kEpoll
  std::optional<double> timer_due_ms;  // kTimerFd that is armed
  double timer_interval_ms = 0;
  std::uint64_t signal_mask = 0;  // kSignalFd
  std::uint64_t event_id = 0;     // kEventFd: the same in every process that shares it
  std::uint64_t event_count = 0;
  int pid = 0;              // kPidFd: as the reader of /proc counts; 0: gone or not visible
  int terminal_index = -1;  // N of /dev/pts/N, on both sides
  std::vector<FdLock> locks;

  bool readable() const { return (flags & 3U) != 1; }  // not O_WRONLY
  bool writable() const { return (flags & 3U) != 0; }  // not O_RDONLY
  bool nonblocking() const { return (flags & 04000U) != 0; }
};

// The kind and the inode by the link alone.
FdFact fd_from_link(int number, const std::string& link);

// Adds what a text of /proc/PID/fdinfo/N says.
void add_fdinfo(FdFact& fd, const std::string& text);

// Absent: the process went away, or its descriptors are not ours to see.
std::optional<std::vector<FdFact>> list_fds(int pid);
std::optional<FdFact> read_fd(int pid, int number);

// Links only (kind and inode are set): for looking through every process of the machine.
std::vector<FdFact> list_fd_links(int pid);

}  // namespace relapse::os
