#pragma once
// Who holds the other end: pure questions to a snapshot about pipes, sockets, locks, terminals.

#include <optional>
#include <vector>

#include "diagnose/snapshot.h"

namespace relapse::diagnose {

// A descriptor in a process.
struct Holder {
  int process = 0;  // host pid
  int fd = -1;
};

// What a thread waits for on descriptors, with the sets of epolls unfolded. A disarmed one-shot
// watch is left out.
std::vector<Interest> interests_of(const ProcessFact& process, const Wait& wait);

enum class FarKind {
  kHolders,   // the list says who; empty: nobody at all
  kListener,  // connected, not yet accepted: the holders are the listener's
  kFake,      // one of ours answers there
  kRemote,    // a host or a process that we cannot see
  kAnyone,    // unconnected: whoever sends or connects
};

struct FarEnd {
  FarKind kind = FarKind::kRemote;
  std::vector<Holder> holders;
  const FakeFact* fake = nullptr;
  const os::SocketFact* own = nullptr;  // our side, for sockets
  bool named = false;                   // reached by a path or a port, not made as a pair
  std::string name;                     // "127.0.0.1:8080", "/run/x.sock"
};

// For a pipe, FIFO or socket: who could write to it (`input`), or read what is written to it.
FarEnd far_end(const Snapshot& snapshot, const ProcessFact& process, const os::FdFact& fd,
               bool input);

// Who shares an eventfd; who has the other side of a terminal; who holds a lock that is in the
// way of a lock of `type` on this file.
std::vector<Holder> sharers_of_event(const Snapshot& snapshot, const os::FdFact& fd);
std::vector<Holder> masters_of(const Snapshot& snapshot, int terminal_index);
std::vector<Holder> lock_holders(const Snapshot& snapshot, const ProcessFact& waiter,
                                 const os::FdFact& fd, const std::string& type);

// "fd 0 (socket:[81])".
std::string describe(const os::FdFact& fd);

}  // namespace relapse::diagnose
