#include "diagnose/ways.h"

#include <signal.h>

#include <algorithm>
#include <bitset>

#include "diagnose/way_finder.h"

namespace relapse::diagnose {

using model::Cause;
using os::FdFact;
using os::FdKind;

namespace {

// A runtime that takes every signal (Go) says nothing about an alarm by taking that one too.
constexpr size_t kBlanketHandlers = 20;

}  // namespace

void WayFinder::add_ways() {
  const Wait& wait = thread_->wait;
  switch (wait.kind) {
    case WaitKind::kRuns:
      return add_state(HopeKind::kRuns, Cause::kCpu);
    case WaitKind::kDisk:
      return add_state(HopeKind::kDisk, Cause::kDisk);
    case WaitKind::kHeld:
      return add_state(HopeKind::kHeld, Cause::kUnknown);
    case WaitKind::kUnseen:
      return add_state(HopeKind::kUnseen, Cause::kUnknown);
    case WaitKind::kOther:
      return add_state(HopeKind::kRemote, Cause::kUnknown);
    case WaitKind::kMessage:
      return add_state(HopeKind::kAnyone, Cause::kPipeEmpty);
    case WaitKind::kSleep: {
      Way& way = add(Cause::kTimer, one_thing());
      way.hopes = {{HopeKind::kSleep, 0, 0, -1, wait.timeout_ms.value_or(0)}};
      return;
    }
    case WaitKind::kStopped:
      add(Cause::kStopped, kScoreStopped).hopes = {{HopeKind::kAnyone}};
      return;
    case WaitKind::kTraced:
      add(Cause::kStopped, kScoreStopped).hopes = {{HopeKind::kProcess, process_->tracer}};
      return;
    case WaitKind::kFifoOpen: {
      Way& way = add(Cause::kFifoOpen, one_thing());
      way.object = wait.path;
      way.hopes = {{HopeKind::kAnyone}};
      return;
    }
    case WaitKind::kFutex:
      return add_futex();
    case WaitKind::kFileLock:
      return add_file_lock();
    case WaitKind::kConnect:
      return add_connect();
    case WaitKind::kChild:
    case WaitKind::kVfork:
      return add_children(false);
    case WaitKind::kSignal:
      return add_signal();
    case WaitKind::kInput:
    case WaitKind::kOutput:
    case WaitKind::kAccept:
      for (const Interest& interest : wait.fds) {
        add_descriptor(interest, true);
      }
      break;
    case WaitKind::kEvents:
      for (const Interest& interest : interests_of(*process_, wait)) {
        add_descriptor(interest, false);
      }
      // A child's end arrives as a signal, whose handler wakes the event loop.
      if ((process_->caught & signal_bit(SIGCHLD)) != 0) {
        add_children(true);
      }
      break;
  }
}

void WayFinder::add_timers() {
  const Wait& wait = thread_->wait;
  if (wait.kind == WaitKind::kSleep) {
    return;
  }
  double due_ms = wait.timeout_ms.value_or(-1);
  for (const Interest& interest : wait.fds) {
    auto lent = process_->lent.find(interest.fd);
    if (lent == process_->lent.end() || wait.kind == WaitKind::kEvents) {
      continue;
    }
    double limit = interest.output ? lent->second.send_timeout_ms : lent->second.receive_timeout_ms;
    due_ms = limit > 0 ? std::max(due_ms, limit) : due_ms;
  }
  if (due_ms >= 0) {
    // A wait that has nothing to wait for but its time-out is a sleep.
    bool nothing_else = wait.kind == WaitKind::kEvents &&
                        std::all_of(node_.ways.begin(), node_.ways.end(),
                                    [](const Way& way) { return way.score <= kScoreOwnChannel; });
    Way& way = add(Cause::kTimer, kScoreTimer);
    way.hopes = {{nothing_else ? HopeKind::kSleep : HopeKind::kTimer, 0, 0, -1, due_ms}};
  }
  if (node_.main) {
    add_hidden_timers();
  }
}

// alarm() and timer_create() leave no time in /proc; that they may be set does show.
void WayFinder::add_hidden_timers() {
  if (thread_->wait.kind == WaitKind::kRuns || thread_->wait.kind == WaitKind::kDisk) {
    return;
  }
  const std::uint64_t alarm = signal_bit(SIGALRM);
  const bool blanket = std::bitset<64>(process_->caught).count() > kBlanketHandlers;
  const bool handled = (process_->caught & alarm) != 0 && !blanket;
  const bool ignored = (process_->ignored & alarm) != 0;
  const os::KernelTimers& timers = snapshot_.kernel_timers;
  const bool some_alarm =
      std::any_of(timers.alarms_due_ms.begin(), timers.alarms_due_ms.end(),
                  [&](double due_ms) { return handled || due_ms < settings_.unseen_floor_ms; });
  // Where the kernel's list is ours to read and has no alarm, there is none.
  const bool alarm_possible = !ignored && (timers.readable ? some_alarm : handled);
  if (alarm_possible || process_->posix_timers > 0) {
    add(Cause::kTimer, kScoreNothing).hopes = {{HopeKind::kHidden}};
  }
}

void WayFinder::add_child(const ProcessFact& child, int score) {
  Way& way = add(Cause::kChild, score);
  way.object = "the end of its child";
  way.hopes = {{HopeKind::kProcess, child.host_pid}};
}

// The ends of children: awaited outright, or announced by a signal that would wake the thread.
void WayFinder::add_children(bool implied) {
  const Wait& wait = thread_->wait;
  const int score = implied ? static_cast<int>(kScoreChild) : one_thing();
  const size_t before = node_.ways.size();
  for (const ProcessFact& child : snapshot_.processes) {
    if (!is_child_of_ours(child) || child.zombie) {
      continue;
    }
    const bool meant =
        wait.kind != WaitKind::kChild ||
        ((!wait.child || *wait.child == child.pid_seen_by(*process_)) &&
         (!wait.child_group || child.pids.size() > 1 || *wait.child_group == child.process_group));
    const bool executing = wait.kind != WaitKind::kVfork || child.forked_only;
    if (meant && executing) {
      add_child(child, score);
    }
  }
  for (const Interest& interest : wait.fds) {  // waitid on a pidfd
    const FdFact* fd = wait.kind == WaitKind::kChild ? process_->fd(interest.fd) : nullptr;
    const ProcessFact* child = fd != nullptr ? snapshot_.process(fd->pid) : nullptr;
    if (child != nullptr) {
      node_.ways.resize(before);
      add_child(*child, score);
    }
  }
  if (node_.ways.size() == before && !implied) {
    // None that we see: its child has just ended, or started.
    add_state(HopeKind::kRuns, Cause::kChild);
  }
}

void WayFinder::add_signal() {
  const Wait& wait = thread_->wait;
  const std::uint64_t heard = wait.signals != 0 ? wait.signals : process_->caught;
  if ((heard & signal_bit(SIGCHLD)) != 0) {
    add_children(true);
  }
  // A thread that only takes in signals for its process is no reason for anything to wait.
  Way& way = add(Cause::kSignalWait, node_.main ? kScoreSignal : kScoreIdleThread);
  way.object = "a signal";
  way.hopes = {{HopeKind::kAnyone}};
}

void WayFinder::add_futex() {
  const Wait& wait = thread_->wait;
  const std::optional<int> awaited = wait.lock_owner ? wait.lock_owner : wait.joined;
  if (awaited) {
    for (const ThreadFact& other : process_->threads) {
      if (other.inner_tid == *awaited) {
        Way& way = add(Cause::kFutex, kScoreOwnedLock + (node_.main ? kScoreMain : 0));
        way.object = wait.lock_owner ? "a lock" : "the end of a thread";
        way.hopes = {{HopeKind::kThread, process_->host_pid, other.tid}};
        return;
      }
    }
  }
  Way& way = add(Cause::kFutex, node_.main ? kScoreLooseFutex : kScoreIdleThread);
  way.object = "a lock or a condition";
  way.hopes = {{HopeKind::kProcess, process_->host_pid}};
  if (wait.shared_memory.empty()) {
    return;
  }
  for (const ProcessFact& other : snapshot_.processes) {
    // Who else has this memory shows best by waiting in it too; anybody of the tree might have.
    if (other.host_pid != process_->host_pid && other.inside && !other.zombie) {
      way.hopes.push_back({HopeKind::kProcess, other.host_pid});
    }
  }
}

void WayFinder::add_file_lock() {
  const Wait& wait = thread_->wait;
  const FdFact* fd = wait.fds.empty() ? nullptr : process_->fd(wait.fds.front().fd);
  Way& way = add(Cause::kFileLock, one_thing());
  if (fd == nullptr) {
    way.hopes = {{HopeKind::kUnseen}};
    return;
  }
  way.fd = fd->number;
  way.object = fd->link;
  for (const Holder& holder : lock_holders(snapshot_, *process_, *fd, wait.lock_type)) {
    way.hopes.push_back(process_hope(holder));
  }
  if (way.hopes.empty()) {
    way.hopes = {{HopeKind::kRemote}};
  }
}

void WayFinder::add_connect() {
  const Wait& wait = thread_->wait;
  Way& way = add(Cause::kSocketReply, one_thing());
  way.fd = wait.fds.empty() ? -1 : wait.fds.front().fd;
  way.object = wait.path.empty() ? "a connection" : wait.path;
  way.far_name = wait.path;
  for (const os::SocketFact& socket : snapshot_.sockets) {
    const bool listener = !wait.path.empty() && socket.local == wait.path &&
                          socket.state == os::SocketState::kListening;
    for (const ProcessFact& other : snapshot_.processes) {
      for (const FdFact& held : other.fds) {
        if (listener && held.kind == FdKind::kSocket && held.inode == socket.inode) {
          way.hopes.push_back(process_hope({other.host_pid, held.number}));
        }
      }
    }
  }
  if (way.hopes.empty()) {
    way.hopes = {{HopeKind::kRemote}};  // the kernel tries again, and gives up after minutes
  }
}

std::vector<ThreadNode> find_ways(const Snapshot& snapshot, const Settings& settings) {
  WayFinder finder(snapshot, settings);
  std::vector<ThreadNode> nodes;
  for (const ProcessFact& process : snapshot.processes) {
    for (const ThreadFact& thread : process.threads) {
      nodes.push_back(finder.node(process, thread));
    }
  }
  return nodes;
}

}  // namespace relapse::diagnose
