#include "diagnose/snapshot.h"

#include <algorithm>

namespace relapse::diagnose {

const os::FdFact* ProcessFact::fd(int number) const {
  auto found = std::find_if(fds.begin(), fds.end(),
                            [&](const os::FdFact& fd) { return fd.number == number; });
  return found == fds.end() ? nullptr : &*found;
}

int ProcessFact::pid_seen_by(const ProcessFact& other) const {
  const size_t depth = other.pids.size();
  return depth > 0 && depth <= pids.size() ? pids[depth - 1] : pid;
}

const ProcessFact* Snapshot::process(int host_pid) const {
  auto found = std::find_if(processes.begin(), processes.end(),
                            [&](const ProcessFact& p) { return p.host_pid == host_pid; });
  return found == processes.end() ? nullptr : &*found;
}

const os::SocketFact* Snapshot::socket(std::uint64_t inode) const {
  auto found = std::find_if(sockets.begin(), sockets.end(), [&](const os::SocketFact& socket) {
    return inode != 0 && socket.inode == inode;
  });
  return found == sockets.end() ? nullptr : &*found;
}

}  // namespace relapse::diagnose
