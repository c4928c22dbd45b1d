#include <signal.h>

#include "diagnose/way_finder.h"

namespace relapse::diagnose {

using model::Cause;
using os::FdFact;
using os::FdKind;

bool WayFinder::descends(const ProcessFact& other) const {
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

std::uint64_t WayFinder::channel_of(const FdFact& fd) const {
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

void WayFinder::add_descriptor(const Interest& interest, bool only_thing) {
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

void WayFinder::add_input(const FdFact& fd, bool only_thing) {
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
    case FdKind::kFile:
      return add_state(HopeKind::kDisk, Cause::kDisk);
    default:
      return add_event_source(fd);
  }
}

// Descriptors that only exist to be waited for, and whatever we know nothing of.
void WayFinder::add_event_source(const FdFact& fd) {
  switch (fd.kind) {
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
    default:
      add(Cause::kUnknown, kScoreIdleConnection).hopes = {{HopeKind::kRemote}};
  }
}

void WayFinder::add_holders_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
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

void WayFinder::add_fake_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
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

void WayFinder::add_socket_input(const FdFact& fd, const FarEnd& end, bool only_thing) {
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

void WayFinder::add_output(const FdFact& fd, bool only_thing) {
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

void WayFinder::add_terminal(const FdFact& fd, Cause cause) {
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

}  // namespace relapse::diagnose
