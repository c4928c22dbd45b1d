#pragma once
// Snapshots by hand: processes, threads, descriptors, in a few words each.

#include <string>
#include <vector>

#include "diagnose/assess.h"

namespace relapse::test {

namespace d = relapse::diagnose;
namespace o = relapse::os;

class Scene {
 public:
  d::Snapshot snapshot;
  d::History history;
  d::Settings settings;

  Scene() {
    snapshot.observer = 1;
    snapshot.kernel_timers.readable = true;
    snapshot.at_ms = 100000;
  }

  // The first one is the root; each has its main thread in `wait`, quiet for a long time.
  d::ProcessFact& process(int pid, int parent, const std::string& name, d::Wait wait) {
    d::ProcessFact fact;
    fact.host_pid = pid;
    fact.pid = pid;
    fact.pids = {pid};
    fact.parent = parent;
    fact.name = name;
    fact.started = static_cast<std::uint64_t>(pid);
    snapshot.root = snapshot.root == 0 ? pid : snapshot.root;
    history.processes[pid] = {60000, 0, ""};
    snapshot.processes.push_back(fact);
    thread(pid, pid, std::move(wait));
    return snapshot.processes.back();
  }

  void thread(int pid, int tid, d::Wait wait) {
    d::ThreadFact fact;
    fact.tid = tid;
    fact.inner_tid = tid;
    fact.state = wait.kind == d::WaitKind::kRuns ? 'R' : 'S';
    fact.wait = std::move(wait);
    history.threads[tid] = {60000, {}};
    get(pid).threads.push_back(fact);
  }

  d::ProcessFact& get(int pid) {
    for (d::ProcessFact& process : snapshot.processes) {
      if (process.host_pid == pid) {
        return process;
      }
    }
    throw std::runtime_error("no such process in the scene");
  }

  o::FdFact& fd(int pid, int number, o::FdKind kind, std::uint64_t inode, unsigned flags = 2) {
    o::FdFact fact;
    fact.number = number;
    fact.kind = kind;
    fact.inode = inode;
    fact.flags = flags;
    fact.link = (kind == o::FdKind::kPipe ? "pipe:[" : "socket:[") + std::to_string(inode) + "]";
    get(pid).fds.push_back(fact);
    return get(pid).fds.back();
  }
  void read_end(int pid, int number, std::uint64_t inode) {
    fd(pid, number, o::FdKind::kPipe, inode, 0);
  }
  void write_end(int pid, int number, std::uint64_t inode) {
    fd(pid, number, o::FdKind::kPipe, inode, 1);
  }
  // A pair of sockets: `inode` in one process, `inode + 1` in the other.
  void pair(int pid, int number, int other_pid, int other_number, std::uint64_t inode) {
    fd(pid, number, o::FdKind::kSocket, inode);
    fd(other_pid, other_number, o::FdKind::kSocket, inode + 1);
    for (std::uint64_t side : {inode, inode + 1}) {
      o::SocketFact socket;
      socket.state = o::SocketState::kConnected;
      socket.inode = side;
      socket.peer_inode = side == inode ? inode + 1 : inode;
      snapshot.sockets.push_back(socket);
    }
  }
  void tcp(int pid, int number, std::uint64_t inode, int local, int remote,
           o::SocketState state = o::SocketState::kConnected) {
    if (pid != 0) {
      fd(pid, number, o::FdKind::kSocket, inode);
    }
    o::SocketFact socket;
    socket.family = o::SocketFamily::kTcp;
    socket.state = state;
    socket.inode = inode;
    socket.local = socket.remote = "127.0.0.1";
    socket.local_port = local;
    socket.remote_port = remote;
    snapshot.sockets.push_back(socket);
  }

  d::Assessment assess() const { return d::assess(snapshot, history, settings); }

  static d::Wait wait(d::WaitKind kind) {
    d::Wait wait;
    wait.kind = kind;
    return wait;
  }
  static d::Wait input(int fd) {
    d::Wait wait = Scene::wait(d::WaitKind::kInput);
    wait.call = "read";
    wait.fds = {{fd, true, false}};
    return wait;
  }
  static d::Wait output(int fd) {
    d::Wait wait = Scene::wait(d::WaitKind::kOutput);
    wait.call = "write";
    wait.fds = {{fd, false, true}};
    return wait;
  }
  static d::Wait events(const std::vector<int>& fds, double timeout_ms = -1) {
    d::Wait wait = Scene::wait(d::WaitKind::kEvents);
    wait.call = "poll";
    for (int fd : fds) {
      wait.fds.push_back({fd, true, false});
    }
    if (timeout_ms >= 0) {
      wait.timeout_ms = timeout_ms;
    }
    return wait;
  }
  static d::Wait child() { return wait(d::WaitKind::kChild); }
  static d::Wait futex(double timeout_ms = -1) {
    d::Wait wait = Scene::wait(d::WaitKind::kFutex);
    if (timeout_ms >= 0) {
      wait.timeout_ms = timeout_ms;
    }
    return wait;
  }
  static d::Wait owned(int tid) {
    d::Wait wait = futex();
    wait.lock_owner = tid;
    return wait;
  }
  static d::Wait sleep(double ms) {
    d::Wait wait = Scene::wait(d::WaitKind::kSleep);
    wait.timeout_ms = ms;
    return wait;
  }
};

}  // namespace relapse::test
