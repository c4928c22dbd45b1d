#include "os/proc_fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <sstream>

#include "os/proc.h"

namespace relapse::os {

namespace {

bool starts_with(const std::string& text, std::string_view prefix) {
  return text.rfind(prefix, 0) == 0;
}

std::uint64_t bracketed_number(const std::string& link) {
  size_t open = link.find('[');
  return open == std::string::npos ? 0 : std::strtoull(link.c_str() + open + 1, nullptr, 10);
}

FdKind anonymous_kind(const std::string& link) {
  if (link.find("eventfd") != std::string::npos) {
    return FdKind::kEventFd;
  }
  if (link.find("eventpoll") != std::string::npos) {
    return FdKind::kEpoll;
  }
  if (link.find("timerfd") != std::string::npos) {
    return FdKind::kTimerFd;
  }
  if (link.find("signalfd") != std::string::npos) {
    return FdKind::kSignalFd;
  }
  if (link.find("pidfd") != std::string::npos) {
    return FdKind::kPidFd;
  }
  if (link.find("inotify") != std::string::npos || link.find("fanotify") != std::string::npos) {
    return FdKind::kInotify;
  }
  return link.find("io_uring") != std::string::npos ? FdKind::kIoUring : FdKind::kOther;
}

FdKind device_kind(const std::string& link) {
  if (link == "/dev/null" || link == "/dev/zero" || link == "/dev/urandom" ||
      link == "/dev/random" || link == "/dev/full") {
    return FdKind::kNull;
  }
  if (link == "/dev/ptmx" || link == "/dev/pts/ptmx") {
    return FdKind::kTerminalMaster;
  }
  if (starts_with(link, "/dev/pts/") || starts_with(link, "/dev/tty") || link == "/dev/console" ||
      starts_with(link, "/dev/hvc")) {
    return FdKind::kTerminal;
  }
  return FdKind::kFile;
}

FdLock parse_lock(const std::string& text) {
  // "1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF"
  FdLock lock;
  std::istringstream in(text);
  std::string index;
  std::string kind;
  std::string mode;
  std::string pid;
  std::string place;
  std::string end;
  in >> index >> lock.type >> kind >> mode >> pid >> place >> lock.start >> end;
  lock.write = mode == "WRITE";
  size_t colon = place.rfind(':');
  lock.inode =
      colon == std::string::npos ? 0 : std::strtoull(place.c_str() + colon + 1, nullptr, 10);
  lock.end = end == "EOF" ? UINT64_MAX : std::strtoull(end.c_str(), nullptr, 10);
  return lock;
}

EpollWatch parse_watch(const std::string& text) {
  // "19 events:       19 data:   e  pos:0 ino:7565 sdev:f", after "tfd:"
  EpollWatch watch;
  watch.fd = std::atoi(text.c_str());
  size_t events = text.find("events:");
  if (events != std::string::npos) {
    watch.events = static_cast<std::uint32_t>(std::strtoul(text.c_str() + events + 7, nullptr, 16));
  }
  size_t inode = text.find("ino:");
  if (inode != std::string::npos) {
    watch.inode = std::strtoull(text.c_str() + inode + 4, nullptr, 16);
  }
  return watch;
}

// "it_value: (3, 249)": seconds and nanoseconds.
double parse_time_ms(const std::string& text) {
  size_t open = text.find('(');
  if (open == std::string::npos) {
    return 0;
  }
  char* rest = nullptr;
  double seconds = std::strtod(text.c_str() + open + 1, &rest);
  return seconds * 1e3 + std::strtod(rest + 1, nullptr) / 1e6;
}

void add_line(FdFact& fd, const std::string& key, const std::string& value) {
  if (key == "pos") {
    fd.position = std::strtoll(value.c_str(), nullptr, 10);
  } else if (key == "flags") {
    fd.flags = static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 8));
  } else if (key == "ino" && fd.inode == 0) {
    fd.inode = std::strtoull(value.c_str(), nullptr, 10);
  } else if (key == "tfd") {
    fd.watches.push_back(parse_watch(value));
  } else if (key == "it_value") {
    double due = parse_time_ms(value);
    fd.timer_due_ms = due > 0 ? std::optional(due) : std::nullopt;
  } else if (key == "it_interval") {
    fd.timer_interval_ms = parse_time_ms(value);
  } else if (key == "sigmask") {
    fd.signal_mask = std::strtoull(value.c_str(), nullptr, 16);
  } else if (key == "eventfd-id") {
    fd.event_id = std::strtoull(value.c_str(), nullptr, 10);
  } else if (key == "eventfd-count") {
    fd.event_count = std::strtoull(value.c_str(), nullptr, 16);
  } else if (key == "Pid") {
    fd.pid = std::atoi(value.c_str());
  } else if (key == "tty-index") {
    fd.terminal_index = std::atoi(value.c_str());
  } else if (key == "lock") {
    fd.locks.push_back(parse_lock(value));
  }
}

// A FIFO shows its path like any file: only its type tells.
void settle_kind(int pid, FdFact& fd) {
  if (fd.kind != FdKind::kFile) {
    return;
  }
  // Without asking a file server: one that is dead must not stop us too.
  struct statx about {};
  const std::string path = fmt::format("/proc/{}/fd/{}", pid, fd.number);
  if (::statx(AT_FDCWD, path.c_str(), AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &about) != 0) {
    return;
  }
  fd.inode = about.stx_ino;
  if (S_ISFIFO(about.stx_mode)) {
    fd.kind = FdKind::kFifo;
  } else if (S_ISCHR(about.stx_mode)) {
    fd.kind = FdKind::kOther;
  }
}

template <typename Visit>
bool for_each_fd(int pid, Visit visit) {
  const std::string folder = fmt::format("/proc/{}/fd", pid);
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir) {
    return false;
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    const char* name = static_cast<const char*>(entry->d_name);
    if (*name < '0' || *name > '9') {
      continue;
    }
    if (auto link = read_proc_link(folder + "/" + name)) {
      visit(fd_from_link(std::atoi(name), *link));
    }
  }
  return true;
}

}  // namespace

FdFact fd_from_link(int number, const std::string& link) {
  FdFact fd;
  fd.number = number;
  fd.link = link;
  if (starts_with(link, "pipe:[")) {
    fd.kind = FdKind::kPipe;
    fd.inode = bracketed_number(link);
  } else if (starts_with(link, "socket:[")) {
    fd.kind = FdKind::kSocket;
    fd.inode = bracketed_number(link);
  } else if (starts_with(link, "anon_inode:") || starts_with(link, "pidfd:")) {
    fd.kind = anonymous_kind(link);
  } else if (starts_with(link, "/")) {
    fd.kind = device_kind(link);
    if (fd.kind == FdKind::kTerminal && starts_with(link, "/dev/pts/")) {
      fd.terminal_index = std::atoi(link.c_str() + std::string_view("/dev/pts/").size());
    }
  }
  return fd;
}

void add_fdinfo(FdFact& fd, const std::string& text) {
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(':');
    if (colon == std::string::npos) {
      continue;
    }
    size_t value = line.find_first_not_of(" \t", colon + 1);
    add_line(fd, line.substr(0, colon), value == std::string::npos ? "" : line.substr(value));
  }
}

std::optional<FdFact> read_fd(int pid, int number) {
  auto link = read_proc_link(fmt::format("/proc/{}/fd/{}", pid, number));
  if (!link) {
    return std::nullopt;
  }
  FdFact fd = fd_from_link(number, *link);
  settle_kind(pid, fd);
  if (auto info = read_proc_file(fmt::format("/proc/{}/fdinfo/{}", pid, number))) {
    add_fdinfo(fd, *info);
  }
  return fd;
}

std::optional<std::vector<FdFact>> list_fds(int pid) {
  std::vector<FdFact> fds = list_fd_links(pid);
  if (fds.empty() && !read_proc_link(fmt::format("/proc/{}/cwd", pid))) {
    return std::nullopt;  // not ours to see, rather than without descriptors
  }
  for (FdFact& fd : fds) {
    settle_kind(pid, fd);
    if (auto info = read_proc_file(fmt::format("/proc/{}/fdinfo/{}", pid, fd.number))) {
      add_fdinfo(fd, *info);
    }
  }
  return fds;
}

std::vector<FdFact> list_fd_links(int pid) {
  std::vector<FdFact> fds;
  for_each_fd(pid, [&](FdFact fd) { fds.push_back(std::move(fd)); });
  std::sort(fds.begin(), fds.end(),
            [](const FdFact& a, const FdFact& b) { return a.number < b.number; });
  return fds;
}

}  // namespace relapse::os
