#include "diagnose/ways.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <bitset>

namespace relapse::diagnose {

using model::Cause;
using os::FdFact;
using os::FdKind;

namespace {

// How much a way says about why its process waits. Only the order matters: a wait on one thing
// before a wait on many, the main thread before helpers, an input before an idle connection.
enum Score : int {
  kScoreNothing = 0,
  kScoreOwnChannel = 3,  // self-pipes and eventfds of a runtime
  kScoreIdleThread = 5,
  kScoreIdleConnection = 8,
  kScoreTimer = 10,
  kScoreFiles = 15,
  kScoreSignal = 18,
  kScoreLooseFutex = 20,  // a condition without a known owner
  kScoreAccept = 30,
  kScoreTerminal = 45,
  kScoreSocket = 50,
  kScorePipe = 52,
  kScoreChild = 55,
  kScoreOutput = 56,
  kScoreReply = 57,
  kScoreStdin = 58,
  kScoreOneThing = 60,  // added to by the kind of the thread
  kScoreOwnedLock = 65,
  kScoreMain = 15,  // added
  kScoreStopped = 100,
};

constexpr std::uint64_t signal_bit(int number) {
  return std::uint64_t{1} << static_cast<unsigned>(number - 1);
}

// A runtime that takes every signal (Go) says nothing about an alarm by taking that one too.
constexpr size_t kBlanketHandlers = 20;

class Finder {
 public:
  Finder(const Snapshot& snapshot, const Settings& settings)
      : snapshot_(snapshot), settings_(settings) {}

  ThreadNode node(const ProcessFact& process, const ThreadFact& thread) {
    process_ = &process;
    thread_ = &thread;
    node_ = ThreadNode{};
    node_.process = process.host_pid;
    node_.thread = thread.tid;
    node_.main = thread.main(process.host_pid);
    node_.moved = thread.moved;
    add_ways();
    add_timers();
    return std::move(node_);
  }

 private:
  void add_ways();
  void add_timers();
  void add_hidden_timers();
  void add_descriptor(const Interest& interest, bool only_thing);
  void add_input(const FdFact& fd, bool only_thing);
  void add_output(const FdFact& fd, bool only_thing);
  void add_socket_input(const FdFact& fd, const FarEnd& end, bool only_thing);
  void add_holders_input(const FdFact& fd, const FarEnd& end, bool only_thing);
  void add_fake_input(const FdFact& fd, const FarEnd& end, bool only_thing);
  void add_terminal(const FdFact& fd, Cause cause);
  void add_children(bool implied);
  void add_child(const ProcessFact& child, int score);
  void add_signal();
  void add_futex();
  void add_file_lock();
  void add_connect();

  Way& add(Cause cause, int score) {
    Way way;
    way.cause = cause;
    way.score = score;
    node_.ways.push_back(way);
    return node_.ways.back();
  }
  void add_state(HopeKind kind, Cause cause) { add(cause, kScoreOneThing).hopes = {{kind}}; }
  int one_thing() const { return kScoreOneThing + (node_.main ? kScoreMain : 0); }
  static Hope process_hope(const Holder& holder) {
    return {HopeKind::kProcess, holder.process, 0, holder.fd};
  }
  // Our own ends are as the caller says: an output that we hold is read, an input may be kept
  // silent on purpose.
  Hope end_hope(const Holder& holder, std::uint64_t inode, bool input) const {
    Hope hope = process_hope(holder);
    const auto& silent = snapshot_.knowledge.kept_silent;
    if (holder.process == snapshot_.observer) {
      const bool kept = std::find(silent.begin(), silent.end(), inode) != silent.end();
      hope.kind = kept ? HopeKind::kSilent : input ? HopeKind::kProcess : HopeKind::kDrained;
    }
    return hope;
  }
  bool is_child_of_ours(const ProcessFact& other) const {
    return other.parent == process_->host_pid || other.tracer == process_->host_pid;
  }
  bool descends(const ProcessFact& other) const;
  bool drained(std::uint64_t inode) const {
    const auto& list = snapshot_.knowledge.drained;
    return std::find(list.begin(), list.end(), inode) != list.end();
  }
  std::uint64_t channel_of(const FdFact& fd) const;

  const Snapshot& snapshot_;
  const Settings& settings_;
  const ProcessFact* process_ = nullptr;
  const ThreadFact* thread_ = nullptr;
  ThreadNode node_;
};

bool Finder::descends(const ProcessFact& other) const {
  const ProcessFact* at = &other;
  for (size_t i = 0; at != nullptr && i <= snapshot_.processes.size(); ++i) {
    if (at->orphan) {
      return false;  // its chain of parents is broken
    }
    if (at->parent == process_->host_pid) {
      return true;
    }
    at = snapshot_.process(at->parent);
  }
  return false;
}

std::uint64_t Finder::channel_of(const FdFact& fd) const {
  const os::SocketFact* socket = snapshot_.socket(fd.inode);
  if (fd.kind != FdKind::kSocket || socket == nullptr) {
    return fd.inode;
  }
  if (socket->family == os::SocketFamily::kUnix) {
    return std::min(socket->inode, socket->peer_inode);
  }
  const auto low = static_cast<std::uint64_t>(std::min(socket->local_port, socket->remote_port));
  const auto high = static_cast<std::uint64_t>(std::max(socket->local_port, socket->remote_port));
  constexpr unsigned kPortBits = 16;
  return (std::uint64_t{1} << 63U) | high << kPortBits | low;
}

void Finder::add_ways() {
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

void Finder::add_timers() {
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
void Finder::add_hidden_timers() {
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

void Finder::add_descriptor(const Interest& interest, bool only_thing) {
  const FdFact* fd = process_->fd(interest.fd);
  if (fd == nullptr) {
    add(Cause::kUnknown, kScoreIdleThread).hopes = {{HopeKind::kUnseen}};
    return;
  }
  if (interest.input) {
    add_input(*fd, only_thing);
  }
  if (interest.output) {
    add_output(*fd, only_thing);
  }
}

void Finder::add_input(const FdFact& fd, bool only_thing) {
  switch (fd.kind) {
    case FdKind::kPipe:
    case FdKind::kFifo:
    case FdKind::kSocket: {
      FarEnd end = far_end(snapshot_, *process_, fd, true);
      auto lent = process_->lent.find(fd.number);
      bool ready = only_thing && lent != process_->lent.end() && lent->second.input_ready;
      if (ready) {
        add_state(HopeKind::kRuns, Cause::kCpu);  // it is about to return
      } else if (fd.kind == FdKind::kSocket) {
        add_socket_input(fd, end, only_thing);
      } else {
        add_holders_input(fd, end, only_thing);
      }
      return;
    }
    case FdKind::kTerminal:
      return add_terminal(fd, Cause::kTerminal);
    case FdKind::kTimerFd:
      if (fd.timer_due_ms) {
        add(Cause::kTimer, kScoreTimer).hopes = {
            {HopeKind::kTimer, 0, 0, fd.number, *fd.timer_due_ms}};
      }
      return;
    case FdKind::kEventFd: {
      Way& way = add(Cause::kUnknown, kScoreOwnChannel);
      way.fd = fd.number;
      way.object = describe(fd);
      for (const Holder& holder : sharers_of_event(snapshot_, fd)) {
        way.hopes.push_back(process_hope(holder));
      }
      return;
    }
    case FdKind::kSignalFd:
      if ((fd.signal_mask & signal_bit(SIGCHLD)) != 0) {
        add_children(true);
      }
      add(Cause::kSignalWait, kScoreSignal).hopes = {{HopeKind::kAnyone}};
      return;
    case FdKind::kPidFd:
      if (const ProcessFact* target = snapshot_.process(fd.pid)) {
        add_child(*target, kScoreChild);
      } else {
        add(Cause::kChild, kScoreIdleConnection).hopes = {{HopeKind::kRemote}};
      }
      return;
    case FdKind::kInotify:
      add(Cause::kUnknown, kScoreFiles).hopes = {{HopeKind::kFiles}};
      return;
    case FdKind::kTerminalMaster: {
      // What runs inside the terminal: whoever holds its other side.
      Way& way = add(Cause::kPipeEmpty, kScorePipe);
      way.fd = fd.number;
      way.object = describe(fd);
      for (const ProcessFact& other : snapshot_.processes) {
        for (const FdFact& held : other.fds) {
          if (held.kind == FdKind::kTerminal && held.terminal_index == fd.terminal_index) {
            way.hopes.push_back(process_hope({other.host_pid, held.number}));
          }
        }
      }
      return;
    }
    case FdKind::kEpoll:
    case FdKind::kNull:
      return;
    case FdKind::kFile:
      return add_state(HopeKind::kDisk, Cause::kDisk);
    case FdKind::kIoUring:
    case FdKind::kOther:
      add(Cause::kUnknown, kScoreIdleConnection).hopes = {{HopeKind::kRemote}};
  }
}

void Finder::add_holders_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
  Way way;
  way.fd = fd.number;
  way.input = true;
  way.object = describe(fd);
  way.far_name = end.name;
  way.channel = channel_of(fd);
  bool others = false;
  bool child_output = false;
  bool orphan_output = false;
  for (const Holder& holder : end.holders) {
    way.hopes.push_back(end_hope(holder, fd.inode, true));
    if (holder.process == process_->host_pid) {
      continue;
    }
    others = true;
    const ProcessFact* who = snapshot_.process(holder.process);
    const bool as_output = holder.fd == 1 || holder.fd == 2;
    child_output = child_output || (who != nullptr && descends(*who));
    orphan_output = orphan_output || (who != nullptr && who->orphan && who->inside && as_output);
  }
  if (end.holders.empty()) {
    way.hopes = {{HopeKind::kRemote}};
  }
  const bool standard_input = fd.number == 0;
  const int bonus = only_thing ? one_thing() - kScoreStdin : 0;
  if (!others && !end.holders.empty()) {
    // Only we could write it. In an event loop that is how its own threads wake it.
    const bool leak = only_thing || standard_input;
    way.cause = leak ? Cause::kWriteEndLeaked : Cause::kUnknown;
    way.score = leak ? kScoreStdin + bonus : static_cast<int>(kScoreOwnChannel);
  } else if (standard_input && !child_output) {
    way.cause = Cause::kStdinOpen;
    way.score = kScoreStdin + bonus + (only_thing && !node_.main ? kScoreMain / 2 : 0);
  } else if (child_output) {
    way.cause = Cause::kChild;
    way.score = kScoreChild + bonus;
  } else {
    way.cause = orphan_output ? Cause::kOrphanHoldsOutput : Cause::kPipeEmpty;
    way.score = (orphan_output ? kScoreChild : kScorePipe) + bonus;
  }
  node_.ways.push_back(way);
}

void Finder::add_fake_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
  const int bonus = only_thing ? one_thing() - kScoreStdin : 0;
  Way& way = add(Cause::kSocketReply, kScoreIdleConnection + bonus);
  way.fd = fd.number;
  way.input = true;
  way.object = describe(fd);
  way.far_name = end.fake->name;
  way.channel = channel_of(fd);
  for (const PendingReply& reply : end.fake->pending) {
    if (end.own == nullptr || reply.client_port != end.own->local_port) {
      continue;
    }
    way.score = kScoreReply + bonus;
    if (!reply.for_ever) {
      way.hopes.push_back({HopeKind::kReply, 0, 0, -1, reply.due_ms.value_or(0)});
    }
  }
}

void Finder::add_socket_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
  const int bonus = only_thing ? one_thing() - kScoreStdin : 0;
  if (end.kind == FarKind::kFake) {
    return add_fake_input(fd, end, only_thing);
  }
  if (end.kind == FarKind::kAnyone) {
    const bool listens = end.own != nullptr && end.own->state == os::SocketState::kListening;
    Way& way = add(listens ? Cause::kAccept : Cause::kSocketReply, kScoreAccept + bonus);
    way.fd = fd.number;
    way.input = true;
    way.object = describe(fd);
    way.far_name = end.name;
    way.hopes = {{HopeKind::kAnyone}};
    return;
  }
  if (end.kind == FarKind::kHolders && !end.named) {
    return add_holders_input(fd, end, only_thing);
  }
  Way& way = add(Cause::kSocketReply, kScoreSocket + bonus);
  way.fd = fd.number;
  way.input = true;
  way.object = describe(fd);
  way.far_name = end.name;
  way.channel = channel_of(fd);
  for (const Holder& holder : end.holders) {
    way.hopes.push_back(process_hope(holder));
  }
  if (end.holders.empty()) {
    way.hopes = {{HopeKind::kRemote}};
  }
}

void Finder::add_output(const FdFact& fd, bool only_thing) {
  if (fd.kind == FdKind::kTerminal || fd.kind == FdKind::kTerminalMaster) {
    return only_thing ? add_terminal(fd, Cause::kTerminal) : void();
  }
  if (fd.kind == FdKind::kFile) {
    return add_state(HopeKind::kDisk, Cause::kDisk);
  }
  if (fd.kind != FdKind::kPipe && fd.kind != FdKind::kFifo && fd.kind != FdKind::kSocket) {
    return;
  }
  auto lent = process_->lent.find(fd.number);
  const bool room = lent != process_->lent.end() && lent->second.output_ready;
  if (room && !only_thing) {
    return;  // an edge-triggered watch that has nothing to tell
  }
  FarEnd end = far_end(snapshot_, *process_, fd, false);
  // In a set, and without having been able to ask, it is more likely not full.
  const int in_a_set = lent == process_->lent.end() ? kScoreIdleConnection : kScoreOutput;
  Way& way = add(Cause::kPipeFull, only_thing ? one_thing() : in_a_set);
  way.fd = fd.number;
  way.object = describe(fd);
  way.far_name = end.name;
  way.channel = channel_of(fd);
  if (room) {
    // A pipe reports room by whole pages: a large atomic write may still have to wait.
    const bool stream = fd.kind == FdKind::kSocket;
    if (stream) {
      way.hopes = {{HopeKind::kRuns}};
      return;
    }
  }
  for (const Holder& holder : end.holders) {
    way.hopes.push_back(end_hope(holder, fd.inode, false));
  }
  if (drained(fd.inode)) {
    way.hopes.push_back({HopeKind::kDrained});
  }
  if (way.hopes.empty()) {
    way.hopes = {{end.fake != nullptr ? HopeKind::kDrained : HopeKind::kRemote}};
  }
}

void Finder::add_terminal(const FdFact& fd, Cause cause) {
  const bool one = thread_->wait.kind != WaitKind::kEvents;
  Way& way = add(cause, one ? one_thing() : static_cast<int>(kScoreTerminal));
  way.fd = fd.number;
  way.input = true;
  way.object = describe(fd);
  const int index = fd.terminal_index >= 0 ? fd.terminal_index : process_->terminal;
  for (const Holder& holder : masters_of(snapshot_, index)) {
    way.hopes.push_back(process_hope(holder));
  }
  if (way.hopes.empty()) {
    way.hopes = {{HopeKind::kTerminal}};
  }
}

void Finder::add_child(const ProcessFact& child, int score) {
  Way& way = add(Cause::kChild, score);
  way.object = "the end of its child";
  way.hopes = {{HopeKind::kProcess, child.host_pid}};
}

// The ends of children: awaited outright, or announced by a signal that would wake the thread.
void Finder::add_children(bool implied) {
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

void Finder::add_signal() {
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

void Finder::add_futex() {
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

void Finder::add_file_lock() {
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

void Finder::add_connect() {
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

}  // namespace

std::vector<ThreadNode> find_ways(const Snapshot& snapshot, const Settings& settings) {
  Finder finder(snapshot, settings);
  std::vector<ThreadNode> nodes;
  for (const ProcessFact& process : snapshot.processes) {
    for (const ThreadFact& thread : process.threads) {
      nodes.push_back(finder.node(process, thread));
    }
  }
  return nodes;
}

}  // namespace relapse::diagnose
