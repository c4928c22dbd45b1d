#include "diagnose/channels.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>

namespace relapse::diagnose {

using os::FdFact;
using os::FdKind;
using os::SocketFact;
using os::SocketFamily;
using os::SocketState;

namespace {

constexpr int kMostNestedEpolls = 5;  // the kernel's own limit

void unfold(const ProcessFact& process, const Interest& interest, int depth,
            std::vector<Interest>& into) {
  const FdFact* fd = process.fd(interest.fd);
  if (fd == nullptr || fd->kind != FdKind::kEpoll || depth >= kMostNestedEpolls) {
    into.push_back(interest);
    return;
  }
  for (const os::EpollWatch& watch : fd->watches) {
    constexpr std::uint32_t kAny = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP;
    if ((watch.events & EPOLLONESHOT) != 0 && (watch.events & kAny) == 0) {
      continue;
    }
    // The number is the one at registration: the descriptor may have moved since.
    int number = watch.fd;
    const FdFact* target = process.fd(number);
    if (target == nullptr || (target->inode != watch.inode && target->kind != FdKind::kFile)) {
      auto moved = std::find_if(process.fds.begin(), process.fds.end(), [&](const FdFact& other) {
        bool has_inode = other.kind == FdKind::kPipe || other.kind == FdKind::kFifo ||
                         other.kind == FdKind::kSocket;
        return has_inode && other.inode == watch.inode;
      });
      bool anonymous = target != nullptr && target->kind != FdKind::kPipe &&
                       target->kind != FdKind::kFifo && target->kind != FdKind::kSocket;
      if (moved != process.fds.end()) {
        number = moved->number;
      } else if (!anonymous) {
        continue;
      }
    }
    Interest inner{number, (watch.events & EPOLLOUT) == 0 || (watch.events & EPOLLIN) != 0,
                   (watch.events & EPOLLOUT) != 0};
    unfold(process, inner, depth + 1, into);
  }
}

template <typename Match>
std::vector<Holder> holders_where(const Snapshot& snapshot, Match match) {
  std::vector<Holder> found;
  for (const ProcessFact& process : snapshot.processes) {
    for (const FdFact& fd : process.fds) {
      if (match(process, fd)) {
        found.push_back({process.host_pid, fd.number});
      }
    }
  }
  return found;
}

std::vector<Holder> holders_of_socket(const Snapshot& snapshot, std::uint64_t inode) {
  return holders_where(snapshot, [&](const ProcessFact&, const FdFact& fd) {
    return inode != 0 && fd.kind == FdKind::kSocket && fd.inode == inode;
  });
}

const FakeFact* fake_at(const Snapshot& snapshot, int port) {
  for (const FakeFact& fake : snapshot.knowledge.fakes) {
    if (fake.port == port) {
      return &fake;
    }
  }
  return nullptr;
}

FarEnd unix_end(const Snapshot& snapshot, const SocketFact& own) {
  FarEnd end;
  end.own = &own;
  end.name = own.local;
  const SocketFact* peer = snapshot.socket(own.peer_inode);
  if (peer != nullptr) {
    end.named = !own.local.empty() || !peer->local.empty();
    end.name = peer->local.empty() ? own.local : peer->local;
    end.kind = FarKind::kHolders;
    end.holders = holders_of_socket(snapshot, peer->inode);
    return end;
  }
  for (const SocketFact& other : snapshot.sockets) {
    bool listens =
        std::find(other.waiting.begin(), other.waiting.end(), own.inode) != other.waiting.end();
    if (listens) {
      end.kind = FarKind::kListener;
      end.named = true;
      end.name = other.local;
      end.holders = holders_of_socket(snapshot, other.inode);
      return end;
    }
  }
  end.kind =
      own.datagrams || own.state == SocketState::kListening ? FarKind::kAnyone : FarKind::kHolders;
  return end;
}

FarEnd tcp_end(const Snapshot& snapshot, const SocketFact& own) {
  FarEnd end;
  end.own = &own;
  end.named = true;
  end.name = fmt::format("{}:{}", own.remote, own.remote_port);
  end.fake = fake_at(snapshot, own.remote_port);
  for (const SocketFact& other : snapshot.sockets) {
    bool far = &other != &own && other.family == own.family && other.inode != 0 &&
               other.state != SocketState::kListening && other.local_port == own.remote_port &&
               other.remote_port == own.local_port && other.local == own.remote;
    if (far) {
      end.holders = holders_of_socket(snapshot, other.inode);
      bool ours = std::any_of(end.holders.begin(), end.holders.end(), [&](const Holder& holder) {
        return holder.process == snapshot.observer;
      });
      if (end.fake != nullptr && (ours || end.holders.empty())) {
        end.kind = FarKind::kFake;
      } else {
        end.kind = end.holders.empty() ? FarKind::kRemote : FarKind::kHolders;
      }
      return end;
    }
  }
  if (end.fake != nullptr) {
    end.kind = FarKind::kFake;
    return end;
  }
  // Connected, but nobody has accepted it: the far end has no inode yet.
  for (const SocketFact& other : snapshot.sockets) {
    bool listens = other.family == own.family && other.state == SocketState::kListening &&
                   other.local_port == own.remote_port;
    if (listens && !holders_of_socket(snapshot, other.inode).empty()) {
      end.kind = FarKind::kListener;
      end.holders = holders_of_socket(snapshot, other.inode);
      return end;
    }
  }
  end.kind = FarKind::kRemote;
  return end;
}

}  // namespace

std::vector<Interest> interests_of(const ProcessFact& process, const Wait& wait) {
  std::vector<Interest> found;
  for (const Interest& interest : wait.fds) {
    unfold(process, interest, 0, found);
  }
  return found;
}

FarEnd far_end(const Snapshot& snapshot, const ProcessFact& process, const FdFact& fd, bool input) {
  (void)process;
  FarEnd end;
  if (fd.kind == FdKind::kPipe || fd.kind == FdKind::kFifo) {
    end.kind = FarKind::kHolders;
    end.named = fd.kind == FdKind::kFifo;
    end.name = end.named ? fd.link : "";
    end.holders = holders_where(snapshot, [&](const ProcessFact&, const FdFact& other) {
      return other.kind == fd.kind && other.inode == fd.inode &&
             (input ? other.writable() : other.readable());
    });
    return end;
  }
  const SocketFact* own = snapshot.socket(fd.inode);
  if (own == nullptr) {
    return end;  // a family that we do not list
  }
  if (own->state == SocketState::kListening) {
    end.kind = FarKind::kAnyone;
    end.own = own;
    end.named = true;
    end.name =
        own->family == SocketFamily::kUnix ? own->local : fmt::format("port {}", own->local_port);
    return end;
  }
  switch (own->family) {
    case SocketFamily::kUnix:
      return unix_end(snapshot, *own);
    case SocketFamily::kTcp:
      return tcp_end(snapshot, *own);
    case SocketFamily::kUdp:
      end.own = own;
      end.named = true;
      end.kind = own->remote_port == 0 ? FarKind::kAnyone : FarKind::kRemote;
      end.name = own->remote_port == 0 ? fmt::format("port {}", own->local_port)
                                       : fmt::format("{}:{}", own->remote, own->remote_port);
  }
  return end;
}

std::vector<Holder> sharers_of_event(const Snapshot& snapshot, const FdFact& fd) {
  return holders_where(snapshot, [&](const ProcessFact&, const FdFact& other) {
    return other.kind == FdKind::kEventFd && other.event_id == fd.event_id;
  });
}

std::vector<Holder> masters_of(const Snapshot& snapshot, int terminal_index) {
  return holders_where(snapshot, [&](const ProcessFact&, const FdFact& other) {
    return other.kind == FdKind::kTerminalMaster && terminal_index >= 0 &&
           other.terminal_index == terminal_index;
  });
}

std::vector<Holder> lock_holders(const Snapshot& snapshot, const ProcessFact& waiter,
                                 const FdFact& fd, const std::string& type) {
  return holders_where(snapshot, [&](const ProcessFact& process, const FdFact& other) {
    return std::any_of(other.locks.begin(), other.locks.end(), [&](const os::FdLock& lock) {
      // flock and fcntl locks do not see each other; POSIX and OFD locks do.
      bool same_family = (lock.type == "FLOCK") == (type == "FLOCK");
      // A process's own POSIX lock is never in its way.
      bool own = type == "POSIX" && lock.type == "POSIX" && process.host_pid == waiter.host_pid;
      return same_family && !own && lock.inode == fd.inode;
    });
  });
}

std::string describe(const FdFact& fd) {
  return fmt::format("fd {} ({})", fd.number, fd.link);
}

}  // namespace relapse::diagnose
