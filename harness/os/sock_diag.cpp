#include "os/sock_diag.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <linux/unix_diag.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "os/proc.h"

namespace relapse::os {

using model::Done;
using model::Result;
using model::system_error;

namespace {

// States as sock_diag gives them for every family (the kernel's net/tcp_states.h).
constexpr int kEstablished = 1;
constexpr int kSynSent = 2;
constexpr int kClose = 7;
constexpr int kListen = 10;

constexpr int kReplyLimitS = 2;  // a dump is answered from memory; only a broken kernel is slower
constexpr size_t kReplyBytes = size_t{64} << 10;

SocketState to_state(int state) {
  switch (state) {
    case kEstablished:
      return SocketState::kConnected;
    case kListen:
      return SocketState::kListening;
    case kSynSent:
      return SocketState::kConnecting;
    case kClose:
      return SocketState::kOther;
    default:
      return SocketState::kClosing;
  }
}

std::string address_text(int family, const void* bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, bytes, text.data(), text.size());
  std::string found(text.data());
  constexpr std::string_view kMapped = "::ffff:";
  return found.rfind(kMapped, 0) == 0 ? found.substr(kMapped.size()) : found;
}

// Calls visit(type, data, size) for every attribute of a message.
template <typename Visit>
void for_each_attribute(const char* at, size_t left, Visit visit) {
  while (left >= sizeof(nlattr)) {
    nlattr head{};
    std::memcpy(&head, at, sizeof head);
    if (head.nla_len < sizeof head || head.nla_len > left) {
      return;
    }
    visit(head.nla_type, at + NLA_HDRLEN, head.nla_len - static_cast<size_t>(NLA_HDRLEN));
    size_t step = std::min<size_t>(NLA_ALIGN(head.nla_len), left);
    at += step;
    left -= step;
  }
}

template <typename T>
T take(const char* data, size_t size) {
  T value{};
  std::memcpy(&value, data, std::min(size, sizeof value));
  return value;
}

SocketFact parse_unix(const char* data, size_t size) {
  auto head = take<unix_diag_msg>(data, size);
  SocketFact fact;
  fact.family = SocketFamily::kUnix;
  fact.datagrams = head.udiag_type == SOCK_DGRAM;
  fact.state = to_state(head.udiag_state);
  fact.inode = head.udiag_ino;
  const size_t skip = NLMSG_ALIGN(sizeof head);
  for_each_attribute(data + skip, size - skip, [&](int type, const char* at, size_t length) {
    if (type == UNIX_DIAG_PEER) {
      fact.peer_inode = take<std::uint32_t>(at, length);
    } else if (type == UNIX_DIAG_RQLEN) {
      auto queue = take<unix_diag_rqlen>(at, length);
      fact.unread = queue.udiag_rqueue;
      fact.unsent = queue.udiag_wqueue;
    } else if (type == UNIX_DIAG_NAME && length > 0) {
      fact.local = std::string(at, length);
      if (fact.local.front() == '\0') {
        fact.local.front() = '@';
      }
      fact.local = fact.local.substr(0, fact.local.find('\0'));
    } else if (type == UNIX_DIAG_ICONS) {
      for (size_t i = 0; i + sizeof(std::uint32_t) <= length; i += sizeof(std::uint32_t)) {
        fact.waiting.push_back(take<std::uint32_t>(at + i, sizeof(std::uint32_t)));
      }
    }
  });
  return fact;
}

SocketFact parse_inet(const char* data, size_t size, SocketFamily family) {
  auto head = take<inet_diag_msg>(data, size);
  SocketFact fact;
  fact.family = family;
  fact.datagrams = family == SocketFamily::kUdp;
  fact.state = to_state(head.idiag_state);
  fact.inode = head.idiag_inode;
  fact.unread = head.idiag_rqueue;
  fact.unsent = head.idiag_wqueue;
  fact.local = address_text(head.idiag_family, head.id.idiag_src);
  fact.remote = address_text(head.idiag_family, head.id.idiag_dst);
  fact.local_port = ntohs(head.id.idiag_sport);
  fact.remote_port = ntohs(head.id.idiag_dport);
  const size_t skip = NLMSG_ALIGN(sizeof head);
  for_each_attribute(data + skip, size - skip, [&](int type, const char* at, size_t length) {
    constexpr size_t kNeeded = offsetof(tcp_info, tcpi_bytes_received) + sizeof(std::uint64_t);
    if (type == INET_DIAG_INFO && length >= kNeeded) {
      auto info = take<tcp_info>(at, length);
      fact.bytes_in = info.tcpi_bytes_received;
      fact.bytes_out = info.tcpi_bytes_acked;
    }
  });
  return fact;
}

struct UnixRequest {
  nlmsghdr head;
  unix_diag_req body;
};

struct InetRequest {
  nlmsghdr head;
  inet_diag_req_v2 body;
};

UnixRequest unix_request() {
  UnixRequest request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = AF_UNIX;
  request.body.udiag_states = ~0U;
  request.body.udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_RQLEN | UDIAG_SHOW_ICONS;
  return request;
}

InetRequest inet_request(int family, int protocol) {
  InetRequest request{};
  request.head.nlmsg_len = sizeof request;
  request.head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.body.sdiag_family = static_cast<std::uint8_t>(family);
  request.body.sdiag_protocol = static_cast<std::uint8_t>(protocol);
  request.body.idiag_ext = 1U << (INET_DIAG_INFO - 1U);
  request.body.idiag_states = ~0U;
  return request;
}

struct Made {
  int fd;
  int error;
};

// Between clone and _exit: system calls only. The child shares our descriptor table, so the
// socket that it makes is ours; it has its own credentials and namespaces, so ours stay.
[[noreturn]] void make_socket_elsewhere(int net, int owner, Made* made) {
  if (::setns(net, CLONE_NEWNET) != 0) {
    made->error = errno;
    if (owner < 0 || ::setns(owner, CLONE_NEWUSER) != 0 || ::setns(net, CLONE_NEWNET) != 0) {
      ::_exit(1);
    }
  }
  made->fd = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  made->error = errno;
  ::_exit(made->fd < 0 ? 1 : 0);
}

Result<Fd> socket_in_namespace_of(int pid) {
  auto net = open_fd(fmt::format("/proc/{}/ns/net", pid), O_RDONLY);
  if (!net) {
    return net.error();
  }
  Fd owner(::ioctl(net->get(), NS_GET_USERNS));  // who may enter; invalid where we may not know
  void* shared =
      ::mmap(nullptr, sizeof(Made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    return system_error("mmap", errno);
  }
  auto* made = new (shared) Made{-1, 0};
  // No exit signal: nobody who waits for children or for SIGCHLD shall meet this one.
  long child = ::syscall(SYS_clone, CLONE_FILES, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) {
    make_socket_elsewhere(net->get(), owner.get(), made);
  }
  Made result{-1, errno};
  if (child > 0) {
    int status = 0;
    while (::waitpid(static_cast<pid_t>(child), &status, __WALL) < 0 && errno == EINTR) {
    }
    result = *made;
  }
  ::munmap(shared, sizeof(Made));
  if (result.fd < 0) {
    return system_error(fmt::format("enter the network namespace of process {}", pid),
                        result.error);
  }
  return Fd(result.fd);
}

}  // namespace

Result<SockDiag> SockDiag::open(int pid) {
  const bool own = pid == 0 || namespace_id(pid, "net") == namespace_id(::getpid(), "net");
  Fd fd;
  if (own) {
    fd = Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!fd.valid()) {
      return system_error("socket(NETLINK_SOCK_DIAG)", errno);
    }
  } else {
    auto made = socket_in_namespace_of(pid);
    if (!made) {
      return made.error();
    }
    fd = std::move(*made);
  }
  timeval limit{kReplyLimitS, 0};
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
    return system_error("setsockopt(SO_RCVTIMEO)", errno);
  }
  return SockDiag(std::move(fd));
}

Result<> SockDiag::ask(const void* request, size_t size, std::vector<SocketFact>& into) {
  nlmsghdr asked{};
  std::memcpy(&asked, request, sizeof asked);
  auto family = take<std::uint8_t>(static_cast<const char*>(request) + sizeof asked, 1);
  auto protocol = take<std::uint8_t>(static_cast<const char*>(request) + sizeof asked + 1, 1);
  if (::send(socket_.get(), request, size, 0) < 0) {
    return system_error("send to sock_diag", errno);
  }
  std::vector<char> buffer(kReplyBytes);
  for (;;) {
    ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      return system_error("receive from sock_diag", errno);
    }
    auto left = static_cast<size_t>(count);
    const char* at = buffer.data();
    while (left >= sizeof(nlmsghdr)) {
      auto head = take<nlmsghdr>(at, left);
      if (head.nlmsg_len < sizeof head || head.nlmsg_len > left || head.nlmsg_type == NLMSG_DONE) {
        return Done{};
      }
      const char* body = at + NLMSG_HDRLEN;
      size_t length = head.nlmsg_len - static_cast<size_t>(NLMSG_HDRLEN);
      if (head.nlmsg_type == NLMSG_ERROR) {
        // ENOENT: the kernel has no such family; then nobody uses it either.
        int error = -take<nlmsgerr>(body, length).error;
        return error == 0 || error == ENOENT ? Result<>(Done{}) : system_error("sock_diag", error);
      }
      into.push_back(family == AF_UNIX ? parse_unix(body, length)
                                       : parse_inet(body, length,
                                                    protocol == IPPROTO_UDP ? SocketFamily::kUdp
                                                                            : SocketFamily::kTcp));
      size_t step = std::min<size_t>(NLMSG_ALIGN(head.nlmsg_len), left);
      at += step;
      left -= step;
    }
  }
}

Result<std::vector<SocketFact>> SockDiag::list_unix() {
  std::vector<SocketFact> found;
  auto request = unix_request();
  if (auto asked = ask(&request, sizeof request, found); !asked) {
    return asked.error();
  }
  return found;
}

Result<std::vector<SocketFact>> SockDiag::list() {
  auto found = list_unix();
  if (!found) {
    return found;
  }
  for (int family : {AF_INET, AF_INET6}) {
    for (int protocol : {IPPROTO_TCP, IPPROTO_UDP}) {
      auto request = inet_request(family, protocol);
      if (auto asked = ask(&request, sizeof request, *found); !asked) {
        return asked.error();
      }
    }
  }
  return found;
}

}  // namespace relapse::os
