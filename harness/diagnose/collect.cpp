#include "diagnose/collect.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "diagnose/channels.h"
#include "diagnose/process_look.h"

namespace relapse::diagnose {

namespace {

constexpr int kMostRounds = 4;  // outsiders of outsiders: further away nobody explains a hang
constexpr size_t kMostOutsiders = 48;

// What the threads of a snapshot wait for, as the far ends show in other processes' links.
struct Wanted {
  std::set<std::uint64_t> pipes;
  std::set<std::uint64_t> sockets;
  std::set<std::string> files;  // locks and FIFOs, by the last part of the path: the rest
                                // depends on the mounts
  std::set<int> terminals;
};

std::string last_part(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

void want_fd(const Snapshot& snapshot, const ProcessFact& process, const os::FdFact& fd,
             WaitKind kind, Wanted& wanted) {
  if (kind == WaitKind::kFileLock) {
    wanted.files.insert(last_part(fd.link));
    return;
  }
  switch (fd.kind) {
    case os::FdKind::kPipe:
      wanted.pipes.insert(fd.inode);
      break;
    case os::FdKind::kFifo:
      wanted.pipes.insert(fd.inode);
      wanted.files.insert(last_part(fd.link));
      break;
    case os::FdKind::kTerminal:
      wanted.terminals.insert(fd.terminal_index >= 0 ? fd.terminal_index : process.terminal);
      break;
    case os::FdKind::kSocket: {
      const os::SocketFact* own = snapshot.socket(fd.inode);
      if (own == nullptr) {
        break;
      }
      for (const os::SocketFact& other : snapshot.sockets) {
        bool unix_peer =
            own->family == os::SocketFamily::kUnix &&
            (other.inode == own->peer_inode || std::find(other.waiting.begin(), other.waiting.end(),
                                                         own->inode) != other.waiting.end());
        // The connection's other side, or the listener that has yet to accept it.
        bool tcp_peer = own->family == os::SocketFamily::kTcp && own->remote_port != 0 &&
                        other.family == own->family && other.local_port == own->remote_port;
        if ((unix_peer || tcp_peer) && other.inode != 0) {
          wanted.sockets.insert(other.inode);
        }
      }
      break;
    }
    default:
      break;
  }
}

Wanted wanted_by(const Snapshot& snapshot) {
  Wanted wanted;
  for (const ProcessFact& process : snapshot.processes) {
    for (const ThreadFact& thread : process.threads) {
      for (const Interest& interest : interests_of(process, thread.wait)) {
        if (const os::FdFact* fd = process.fd(interest.fd)) {
          want_fd(snapshot, process, *fd, thread.wait.kind, wanted);
        }
      }
    }
  }
  return wanted;
}

bool holds(const Wanted& wanted, int pid, const os::FdFact& fd) {
  switch (fd.kind) {
    case os::FdKind::kPipe:
      return wanted.pipes.count(fd.inode) != 0;
    case os::FdKind::kSocket:
      return wanted.sockets.count(fd.inode) != 0;
    case os::FdKind::kTerminalMaster: {
      auto full = wanted.terminals.empty() ? std::nullopt : os::read_fd(pid, fd.number);
      return full && wanted.terminals.count(full->terminal_index) != 0;
    }
    case os::FdKind::kFile: {
      if (wanted.files.count(last_part(fd.link)) == 0) {
        return false;
      }
      auto full = os::read_fd(pid, fd.number);
      return full && (!full->locks.empty() || full->kind == os::FdKind::kFifo);
    }
    default:
      return false;
  }
}

// Those of `others` who hold an end that is wanted and are not in the snapshot yet.
std::vector<int> find_outsiders(const Snapshot& snapshot, const Wanted& wanted,
                                const std::map<int, os::ProcStat>& others) {
  std::vector<int> found;
  if (wanted.pipes.empty() && wanted.sockets.empty() && wanted.files.empty() &&
      wanted.terminals.empty()) {
    return found;
  }
  for (const auto& [pid, stat] : others) {
    if (snapshot.process(pid) != nullptr || found.size() >= kMostOutsiders) {
      continue;
    }
    std::vector<os::FdFact> fds = os::list_fd_links(pid);
    bool holder = std::any_of(fds.begin(), fds.end(), [&, id = pid](const os::FdFact& fd) {
      return holds(wanted, id, fd);
    });
    if (holder) {
      found.push_back(pid);
    }
  }
  return found;
}

// Ourselves: what we do is not to be read from /proc.
ProcessFact observer_fact(const os::ProcStat& stat) {
  ProcessFact self;
  self.host_pid = stat.pid;
  self.pid = stat.pid;
  self.parent = stat.ppid;
  self.name = stat.comm;
  self.inside = false;
  self.started = stat.started;
  self.fds = os::list_fds(stat.pid).value_or(std::vector<os::FdFact>{});
  return self;
}

void add_roles(Snapshot& snapshot) {
  for (ProcessFact& process : snapshot.processes) {
    auto role = snapshot.knowledge.roles.find(process.host_pid);
    if (role != snapshot.knowledge.roles.end()) {
      process.role = role->second;
    }
  }
}

}  // namespace

std::uint64_t Collector::net_namespace(const os::ProcStat& stat) {
  auto known = net_namespaces_.find(stat.pid);
  if (known == net_namespaces_.end() || known->second.first != stat.started) {
    std::uint64_t id = os::namespace_id(stat.pid, "net").value_or(0);
    known = net_namespaces_.insert_or_assign(stat.pid, std::pair{stat.started, id}).first;
  }
  return known->second.second;
}

os::SockDiag* Collector::diag_of(int pid) {
  std::uint64_t id = os::namespace_id(pid == 0 ? ::getpid() : pid, "net").value_or(0);
  if (id == 0 || refused_.count(id) != 0) {
    return nullptr;
  }
  auto known = diags_.find(id);
  if (known != diags_.end()) {
    return &known->second;
  }
  auto opened = os::SockDiag::open(pid);
  if (!opened) {
    refused_[id] = true;  // asked once: the answer will not change
    return nullptr;
  }
  return &diags_.emplace(id, std::move(*opened)).first->second;
}

std::vector<os::SocketFact> Collector::unix_sockets(const Tree& tree) {
  std::map<std::uint64_t, int> namespaces = {{0, 0}};
  for (const auto& [pid, stat] : tree.members()) {
    namespaces.emplace(net_namespace(stat), pid);
  }
  std::vector<os::SocketFact> all;
  std::set<os::SockDiag*> asked;
  for (const auto& [id, pid] : namespaces) {
    os::SockDiag* diag = diag_of(pid);
    if (diag == nullptr || !asked.insert(diag).second) {
      continue;
    }
    if (auto listed = diag->list_unix()) {
      all.insert(all.end(), listed->begin(), listed->end());
    }
  }
  return all;
}

Snapshot Collector::collect(const Tree& tree, const Knowledge& knowledge, double now_ms) {
  Snapshot snapshot;
  snapshot.at_ms = now_ms;
  snapshot.root = tree.root();
  snapshot.observer = ::getpid();
  snapshot.knowledge = knowledge;
  snapshot.private_world =
      os::namespace_id(tree.root(), "pid") != os::namespace_id(::getpid(), "pid");
  std::map<std::uint64_t, int> namespaces = {{0, 0}};
  for (const auto& [pid, stat] : tree.members()) {
    snapshot.processes.push_back(look_at_process(stat, true));
    snapshot.processes.back().orphan = tree.orphan(stat);
    namespaces.emplace(snapshot.processes.back().net_namespace, pid);
  }
  std::set<os::SockDiag*> asked;
  for (const auto& [id, pid] : namespaces) {
    os::SockDiag* diag = diag_of(pid);
    if (diag == nullptr || !asked.insert(diag).second) {
      continue;
    }
    if (auto listed = diag->list()) {
      snapshot.sockets.insert(snapshot.sockets.end(), listed->begin(), listed->end());
    }
  }
  for (int round = 0; round < kMostRounds; ++round) {
    auto found = find_outsiders(snapshot, wanted_by(snapshot), tree.others());
    if (found.empty()) {
      break;
    }
    for (int pid : found) {
      const os::ProcStat& stat = tree.others().at(pid);
      snapshot.processes.push_back(pid == snapshot.observer ? observer_fact(stat)
                                                            : look_at_process(stat, false));
    }
  }
  for (ProcessFact& process : snapshot.processes) {
    lend_descriptors(process);
  }
  snapshot.kernel_timers = os::read_kernel_timers();
  for (ProcessFact& process : snapshot.processes) {
    mark_moved(process);
  }
  add_roles(snapshot);
  return snapshot;
}

}  // namespace relapse::diagnose
