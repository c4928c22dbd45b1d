#include "os/proc.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string_view>

#include "os/fd.h"

namespace relapse::os {

namespace {

constexpr unsigned kForkedNoExec = 0x40;  // PF_FORKNOEXEC of the kernel's linux/sched.h

std::optional<long> to_number(std::string_view text, int base = 10) {
  unsigned long long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return static_cast<long>(value);
}

std::vector<int> numbers_in(const std::string& folder) {
  std::vector<int> found;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(folder.c_str()), ::closedir);
  if (!dir) {
    return found;
  }
  while (const dirent* entry = ::readdir(dir.get())) {
    if (auto number = to_number(static_cast<const char*>(entry->d_name))) {
      found.push_back(static_cast<int>(*number));
    }
  }
  return found;
}

std::uint64_t ticks_to_ns(std::uint64_t ticks) {
  static const auto kPerSecond = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  return ticks * (1'000'000'000 / kPerSecond);
}

// The value of `key` ("SigCgt:") in a file of lines, without the leading blanks.
std::string_view value_of(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  while (at != std::string_view::npos && at != 0 && text[at - 1] != '\n') {
    at = text.find(key, at + 1);
  }
  if (at == std::string_view::npos) {
    return {};
  }
  std::string_view rest = text.substr(at + key.size());
  rest = rest.substr(0, rest.find('\n'));
  size_t first = rest.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : rest.substr(first);
}

std::uint64_t number_of(std::string_view text, std::string_view key, int base = 10) {
  std::string_view value = value_of(text, key);
  value = value.substr(0, value.find_first_of(" \t"));
  return static_cast<std::uint64_t>(to_number(value, base).value_or(0));
}

std::optional<ProcStat> parse_stat(const std::optional<std::string>& text) {
  // The name may hold blanks and parentheses: it ends at the last one.
  size_t open = text ? text->find('(') : std::string::npos;
  size_t close = text ? text->rfind(')') : std::string::npos;
  if (open == std::string::npos || close == std::string::npos) {
    return std::nullopt;
  }
  ProcStat stat;
  stat.pid = std::atoi(text->c_str());
  stat.comm = text->substr(open + 1, close - open - 1);
  std::istringstream rest(text->substr(close + 1));
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  unsigned flags = 0;
  std::string skip;
  rest >> stat.state >> stat.ppid >> stat.pgrp >> stat.session >> stat.tty_number >> skip >> flags;
  for (int field = 10; field < 14; ++field) {
    rest >> skip;
  }
  rest >> user >> system;
  for (int field = 16; field < 22; ++field) {
    rest >> skip;
  }
  rest >> stat.started;
  if (!rest) {
    return std::nullopt;
  }
  stat.forked_only = (flags & kForkedNoExec) != 0;
  stat.cpu_ns = ticks_to_ns(user + system);
  return stat;
}

std::optional<ProcStatus> parse_status(const std::optional<std::string>& text) {
  if (!text) {
    return std::nullopt;
  }
  ProcStatus status;
  std::istringstream pids{std::string(value_of(*text, "NSpid:"))};
  for (int pid = 0; pids >> pid;) {
    status.ns_pids.push_back(pid);
  }
  status.tgid = static_cast<int>(number_of(*text, "Tgid:"));
  status.tracer = static_cast<int>(number_of(*text, "TracerPid:"));
  std::istringstream uids{std::string(value_of(*text, "Uid:"))};
  unsigned real = 0;
  uids >> real >> status.uid;
  status.pending = number_of(*text, "SigPnd:", 16) | number_of(*text, "ShdPnd:", 16);
  status.blocked = number_of(*text, "SigBlk:", 16);
  status.ignored = number_of(*text, "SigIgn:", 16);
  status.caught = number_of(*text, "SigCgt:", 16);
  status.switches = number_of(*text, "voluntary_ctxt_switches:") +
                    number_of(*text, "nonvoluntary_ctxt_switches:");
  return status;
}

std::string task_path(int pid, int tid, const char* name) {
  return fmt::format("/proc/{}/task/{}/{}", pid, tid, name);
}

}  // namespace

std::optional<std::string> read_proc_file(const std::string& path) {
  int raw = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (raw < 0) {
    return std::nullopt;
  }
  Fd fd(raw);
  std::string content;
  std::array<char, 8192> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
  for (;;) {
    ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return std::nullopt;
    }
    if (count == 0) {
      return content;
    }
    content.append(chunk.data(), static_cast<size_t>(count));
  }
}

std::optional<std::string> read_proc_link(const std::string& path) {
  std::array<char, 4096> target;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) {
    return std::nullopt;
  }
  return std::string(target.data(), static_cast<size_t>(size));
}

std::vector<int> list_pids() {
  return numbers_in("/proc");
}

std::vector<int> list_tids(int pid) {
  return numbers_in(fmt::format("/proc/{}/task", pid));
}

std::optional<ProcStat> read_stat(int pid) {
  return parse_stat(read_proc_file(fmt::format("/proc/{}/stat", pid)));
}

std::optional<ProcStat> read_thread_stat(int pid, int tid) {
  return parse_stat(read_proc_file(task_path(pid, tid, "stat")));
}

std::optional<ProcStatus> read_status(int pid) {
  return parse_status(read_proc_file(fmt::format("/proc/{}/status", pid)));
}

std::optional<int> pid_of_pidfd(int pidfd) {
  const auto text = read_proc_file(fmt::format("/proc/self/fdinfo/{}", pidfd));
  const int pid = text ? static_cast<int>(number_of(*text, "Pid:")) : 0;
  return pid > 0 ? std::optional(pid) : std::nullopt;
}

std::optional<ProcStatus> read_thread_status(int pid, int tid) {
  return parse_status(read_proc_file(task_path(pid, tid, "status")));
}

std::optional<RunCount> read_run_count(int pid, int tid) {
  auto text = read_proc_file(task_path(pid, tid, "schedstat"));
  if (text) {
    RunCount count;
    std::istringstream in(*text);
    if (in >> count.run_ns >> count.queued_ns >> count.slices) {
      return count;
    }
  }
  // A kernel without CONFIG_SCHED_INFO: context switches tell the same, only without times.
  auto status = read_thread_status(pid, tid);
  if (!status) {
    return std::nullopt;
  }
  return RunCount{0, 0, status->switches};
}

SyscallFact read_syscall(int pid, int tid) {
  SyscallFact fact;
  auto text = read_proc_file(task_path(pid, tid, "syscall"));
  if (!text) {
    return fact;
  }
  if (text->rfind("running", 0) == 0) {
    fact.state = SyscallFact::State::kRunning;
    return fact;
  }
  std::istringstream in(*text);
  in >> fact.number;
  if (fact.number < 0) {
    fact.state = SyscallFact::State::kElsewhere;
    return fact;
  }
  fact.state = SyscallFact::State::kInCall;
  for (auto& arg : fact.args) {
    std::string word;
    in >> word;
    arg = std::strtoull(word.c_str(), nullptr, 16);
  }
  return fact;
}

std::string read_wchan(int pid, int tid) {
  std::string name = read_proc_file(task_path(pid, tid, "wchan")).value_or("");
  return name == "0" ? "" : name;
}

std::optional<IoCount> read_io(int pid) {
  auto text = read_proc_file(fmt::format("/proc/{}/io", pid));
  if (!text || text->empty()) {
    return std::nullopt;
  }
  return IoCount{number_of(*text, "rchar:"), number_of(*text, "wchar:"), number_of(*text, "syscr:"),
                 number_of(*text, "syscw:")};
}

std::vector<std::string> read_command_line(int pid) {
  std::vector<std::string> words;
  std::istringstream in(read_proc_file(fmt::format("/proc/{}/cmdline", pid)).value_or(""));
  for (std::string word; std::getline(in, word, '\0');) {
    words.push_back(word);
  }
  return words;
}

std::optional<std::uint64_t> namespace_id(int pid, const std::string& kind) {
  auto link = read_proc_link(fmt::format("/proc/{}/ns/{}", pid, kind));
  size_t open = link ? link->find('[') : std::string::npos;
  if (open == std::string::npos) {
    return std::nullopt;
  }
  return std::strtoull(link->c_str() + open + 1, nullptr, 10);
}

int count_posix_timers(int pid) {
  auto text = read_proc_file(fmt::format("/proc/{}/timers", pid));
  int count = 0;
  for (size_t at = 0; text && (at = text->find("ID:", at)) != std::string::npos; ++at) {
    ++count;
  }
  return count;
}

KernelTimers read_kernel_timers() {
  KernelTimers timers;
  auto text = read_proc_file("/proc/timer_list");
  if (!text) {
    return timers;
  }
  timers.readable = true;
  // " #6: <...>, it_real_fn, S:01\n # expires at A-B nsecs [in 29705944297 to ... nsecs]"
  for (size_t at = 0; (at = text->find("it_real_fn", at)) != std::string::npos; ++at) {
    size_t due = text->find("[in ", at);
    if (due != std::string::npos) {
      timers.alarms_due_ms.push_back(std::strtod(text->c_str() + due + 4, nullptr) / 1e6);
    }
  }
  return timers;
}

std::string shared_mapping_at(int pid, std::uint64_t address) {
  std::istringstream maps(read_proc_file(fmt::format("/proc/{}/maps", pid)).value_or(""));
  for (std::string line; std::getline(maps, line);) {
    char* rest = nullptr;
    std::uint64_t from = std::strtoull(line.c_str(), &rest, 16);
    std::uint64_t to = std::strtoull(rest + 1, &rest, 16);
    if (address < from || address >= to) {
      continue;
    }
    std::string modes;
    std::string offset;
    std::string device;
    std::string inode;
    std::istringstream fields{std::string(rest)};
    fields >> modes >> offset >> device >> inode;
    return modes.size() == 4 && modes[3] == 's' ? fmt::format("{}:{}", device, inode) : "";
  }
  return "";
}

}  // namespace relapse::os
