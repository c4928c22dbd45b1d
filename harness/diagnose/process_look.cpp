#include "diagnose/process_look.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <ctime>

#include "diagnose/channels.h"
#include "diagnose/wait_of.h"

namespace relapse::diagnose {

namespace {

constexpr size_t kMostCommandBytes = 96;
constexpr size_t kMostLent = 64;  // a server with more connections tells enough by these

class ProcessMemory : public Memory {
 public:
  explicit ProcessMemory(int pid) : pid_(pid) {}
  bool read(std::uint64_t address, void* into, size_t size) const override {
    return os::read_memory(pid_, address, into, size);
  }
  std::optional<std::string> text(std::uint64_t address) const override {
    return os::read_memory_string(pid_, address);
  }
  bool is_fifo(int folder_fd, const std::string& path) const override {
    return os::is_fifo_for(pid_, folder_fd, path);
  }

 private:
  int pid_;
};

std::string short_command(int pid) {
  std::string text = fmt::format("{}", fmt::join(os::read_command_line(pid), " "));
  for (char& c : text) {
    c = static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  if (text.size() > kMostCommandBytes) {
    text.resize(kMostCommandBytes);
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
      text.pop_back();  // not half of a character
    }
    text += "...";
  }
  return text;
}

void look_at_thread(const ProcessFact& process, const std::vector<int>& inner_tids,
                    ThreadFact& thread) {
  ThreadLook look;
  auto stat = os::read_thread_stat(process.host_pid, thread.tid);
  if (!stat) {
    thread.state = 'X';
    return;
  }
  thread.name = stat->comm;
  thread.state = stat->state;
  look.state = stat->state;
  if (look.state == 'S' || look.state == 'D') {
    look.call = os::read_syscall(process.host_pid, thread.tid);
    look.wchan = os::read_wchan(process.host_pid, thread.tid);
  }
  ::clock_gettime(CLOCK_REALTIME, &look.now_realtime);
  ::clock_gettime(CLOCK_MONOTONIC, &look.now_monotonic);
  thread.wait = wait_of(look, ProcessMemory(process.host_pid), inner_tids);
  if (thread.wait.shared_memory == "?") {
    thread.wait.shared_memory = os::shared_mapping_at(process.host_pid, thread.wait.futex_address);
  }
}

void look_at_threads(ProcessFact& process) {
  std::vector<int> inner_tids;
  const bool same_numbers = process.pid == process.host_pid;
  for (int tid : os::list_tids(process.host_pid)) {
    ThreadFact thread;
    thread.tid = tid;
    auto ran = os::read_run_count(process.host_pid, tid);
    if (!ran) {
      continue;
    }
    thread.ran = *ran;
    thread.inner_tid = tid;
    if (!same_numbers) {
      auto status = os::read_thread_status(process.host_pid, tid);
      thread.inner_tid = status && !status->ns_pids.empty() ? status->ns_pids.back() : 0;
    }
    inner_tids.push_back(thread.inner_tid);
    process.threads.push_back(thread);
  }
  for (ThreadFact& thread : process.threads) {
    look_at_thread(process, inner_tids, thread);
  }
  // A main thread that ended before the others stays as a zombie; it can do nothing any more.
  auto& threads = process.threads;
  threads.erase(
      std::remove_if(threads.begin(), threads.end(),
                     [](const ThreadFact& t) { return t.state == 'Z' || t.state == 'X'; }),
      threads.end());
}

bool has_queue(os::FdKind kind) {
  return kind == os::FdKind::kPipe || kind == os::FdKind::kFifo || kind == os::FdKind::kSocket;
}

}  // namespace

ProcessFact look_at_process(const os::ProcStat& stat, bool inside) {
  ProcessFact process;
  process.host_pid = stat.pid;
  process.pid = stat.pid;
  process.parent = stat.ppid;
  process.name = stat.comm;
  process.inside = inside;
  process.process_group = stat.pgrp;
  process.started = stat.started;
  process.forked_only = stat.forked_only;
  constexpr unsigned kPtyMajor = 136;
  const auto terminal = static_cast<dev_t>(static_cast<unsigned>(stat.tty_number));
  process.terminal = major(terminal) == kPtyMajor ? static_cast<int>(minor(terminal)) : -1;
  if (auto status = os::read_status(stat.pid)) {
    process.pids = status->ns_pids;
    process.pid = process.pids.empty() ? stat.pid : process.pids.back();
    process.tracer = status->tracer;
    process.caught = status->caught;
    process.ignored = status->ignored;
  }
  look_at_threads(process);
  process.zombie = process.threads.empty();
  if (process.zombie) {
    return process;
  }
  process.command_line = short_command(stat.pid);
  process.net_namespace = os::namespace_id(stat.pid, "net").value_or(0);
  process.io = os::read_io(stat.pid);
  process.posix_timers = os::count_posix_timers(stat.pid);
  auto fds = os::list_fds(stat.pid);
  process.seen = fds.has_value();
  process.fds = fds.value_or(std::vector<os::FdFact>{});
  return process;
}

void lend_descriptors(ProcessFact& process) {
  for (const ThreadFact& thread : process.threads) {
    if (thread.state != 'S') {
      return;  // it runs: a loan could disturb it
    }
  }
  for (const ThreadFact& thread : process.threads) {
    for (const Interest& interest : interests_of(process, thread.wait)) {
      const os::FdFact* fd = process.fd(interest.fd);
      bool wanted = fd != nullptr && has_queue(fd->kind) && process.lent.size() < kMostLent &&
                    process.lent.count(interest.fd) == 0;
      if (!wanted) {
        continue;
      }
      if (auto lent = os::look_at_fd(process.host_pid, interest.fd)) {
        process.lent.emplace(interest.fd, *lent);
      }
    }
  }
}

void mark_moved(ProcessFact& process) {
  for (ThreadFact& thread : process.threads) {
    auto ran = os::read_run_count(process.host_pid, thread.tid);
    thread.moved = !ran || !(*ran == thread.ran);
    if (ran) {
      thread.ran = *ran;
    }
  }
}

}  // namespace relapse::diagnose
