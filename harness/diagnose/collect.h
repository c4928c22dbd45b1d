#pragma once
// Fills a Snapshot from the running machine. Nothing is stopped meanwhile; a thread that ran
// between our first and last look at it is marked as moved.

#include <map>

#include "diagnose/snapshot.h"
#include "diagnose/tree.h"
#include "os/sock_diag.h"

namespace relapse::diagnose {

class Collector {
 public:
  // The members of `tree`, and every outsider who holds the far end of something that one of
  // them waits for. `now_ms` is the caller's clock.
  Snapshot collect(const Tree& tree, const Knowledge& knowledge, double now_ms);

  // UNIX sockets only, of the namespaces of these processes and ours: cheap enough for every step.
  std::vector<os::SocketFact> unix_sockets(const Tree& tree);

 private:
  // Kept open, since entering a namespace can cost a fork.
  os::SockDiag* diag_of(int pid);
  std::uint64_t net_namespace(const os::ProcStat& stat);

  std::map<std::uint64_t, os::SockDiag> diags_;
  std::map<std::uint64_t, bool> refused_;
  std::map<int, std::pair<std::uint64_t, std::uint64_t>> net_namespaces_;  // pid: (started, id)
};

}  // namespace relapse::diagnose
