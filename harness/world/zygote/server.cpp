#include "world/zygote/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sched.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/world_spec.h"
#include "os/cgroup.h"
#include "os/message.h"
#include "os/mounts.h"
#include "world/zygote/template_root.h"
#include "world/zygote/world_init.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr const char* kGroupPrefix = "relapse";
// A group whose last member is just being torn down refuses its removal for some milliseconds.
constexpr int kGroupRetryMs = 5;

Result<> write_once(const std::string& path, const std::string& text) {
  auto file = os::open_fd(path, O_WRONLY);
  if (!file) {
    return file.error();
  }
  if (::write(file->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_error(fmt::format("write '{}' to {}", text, path), errno);
  }
  return Done{};
}

Result<> raise_loopback() {
  os::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (!socket.valid() || ::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return system_error("raise the loopback interface", errno);
  }
  return Done{};
}

Result<os::Fd> listen_on(int port) {
  os::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!socket.valid() ||
      ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    return system_error(fmt::format("listen on 127.0.0.1:{}", port), errno);
  }
  return socket;
}

class Server {
 public:
  explicit Server(os::Fd socket) : socket_(std::move(socket)) {}

  Result<> prepare();
  int serve();

 private:
  struct World {
    int id = 0;
    os::Cgroup group;
  };
  struct Started {
    int pid = -1;
    os::Fd pidfd;
    std::vector<os::Fd> listeners;
  };

  Result<> prepare_network();
  Result<Started> start(os::Message& message, const nlohmann::json& request);
  Result<int> clone_world(WorldInit init, os::Fd* pidfd);
  Result<> map_users(int pid, unsigned uid) const;
  void handle(os::Message message);
  void reap();
  void remove_groups();

  os::Fd socket_;
  os::Fd deaths_;
  bool as_root_ = ::geteuid() == 0;
  bool network_ready_ = false;
  bool network_failed_ = false;  // then it is tried again, and the reason told, at the next start
  int worlds_made_ = 0;
  os::CgroupParents parents_;
  TemplateRoot root_;
  std::map<int, World> worlds_;  // by the pid of their PID 1
  std::vector<World> leaving_;   // dead, their groups not yet removed
};

Result<> Server::prepare() {
  // Before anything changes: these look at the host as it is.
  parents_ = os::CgroupParents::find();
  parents_.sweep(kGroupPrefix);
  if (as_root_) {
    // A subject under the scheduler takes SCHED_FIFO inside its user namespace, where no
    // capability helps; this limit does (sched(7)).
    rlimit allowance{99, 99};
    (void)::setrlimit(RLIMIT_RTPRIO, &allowance);
  }
  const unsigned uid = ::geteuid();
  const unsigned gid = ::getegid();
  if (::unshare((as_root_ ? 0 : CLONE_NEWUSER) | CLONE_NEWNS) != 0) {
    Error error = system_error("make namespaces", errno);
    error.kind = ErrorKind::kUnavailable;
    error.remedy = "see relapse doctor";
    return error;
  }
  Result<> step = Done{};
  if (!as_root_) {
    step = write_once("/proc/self/setgroups", "deny");
    step = step ? write_once("/proc/self/uid_map", fmt::format("0 {} 1", uid)) : step;
    step = step ? write_once("/proc/self/gid_map", fmt::format("0 {} 1", gid)) : step;
  }
  step = step ? os::make_private() : step;
  if (!step) {
    return step;
  }
  auto root = TemplateRoot::enter();
  if (!root) {
    return root.error();
  }
  root_ = std::move(*root);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  deaths_ = os::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return deaths_.valid() ? Result<>(Done{}) : system_error("signalfd", errno);
}

// The next world's network namespace is made ahead, while nothing else is to do: it is the
// dearest of all. The world's PID 1 inherits it from us.
Result<> Server::prepare_network() {
  if (network_ready_) {
    return Done{};
  }
  if (::unshare(CLONE_NEWNET) != 0) {
    return system_error("make a network namespace", errno);
  }
  auto raised = raise_loopback();
  network_ready_ = raised.ok();
  return raised;
}

Result<> Server::map_users(int pid, unsigned uid) const {
  const std::string folder = fmt::format("/proc/{}/", pid);
  if (!as_root_) {
    auto step = write_once(folder + "setgroups", "deny");
    step = step ? write_once(folder + "uid_map", fmt::format("{} 0 1", uid)) : step;
    return step ? write_once(folder + "gid_map", fmt::format("{} 0 1", uid)) : step;
  }
  // All ordinary users, so that the host's files keep their owners; where we are root of less
  // (a container), the two that are needed.
  for (const char* kind : {"uid_map", "gid_map"}) {
    if (!write_once(folder + kind, "0 0 65536")) {
      auto step = write_once(folder + kind, fmt::format("0 0 1\n{0} {0} 1", uid));
      if (!step) {
        return step;
      }
    }
  }
  return Done{};
}

Result<int> Server::clone_world(WorldInit init, os::Fd* pidfd) {
  auto ready = os::make_pipe();
  if (!ready) {
    return ready.error();
  }
  os::CgroupLimits limits{init.spec.limits.memory_bytes, init.spec.limits.processes};
  auto group = parents_.make(fmt::format("{}.{}.{}.{}", kGroupPrefix, ::getpid(),
                                         os::start_ticks(::getpid()), ++worlds_made_),
                             limits);
  if (!group) {
    return group.error();
  }
  int pidfd_number = -1;
  clone_args arguments{};
  arguments.flags =
      CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_PIDFD;
  arguments.pidfd = reinterpret_cast<std::uint64_t>(&pidfd_number);
  arguments.exit_signal = SIGCHLD;
  const unsigned uid = init.spec.uid;
  long pid = ::syscall(SYS_clone3, &arguments, sizeof(arguments));
  if (pid < 0) {
    return system_error("clone3 with namespaces", errno);
  }
  if (pid == 0) {
    // Ours only: what is open here belongs to the zygote or to other worlds.
    socket_.reset();
    deaths_.reset();
    ready->write.reset();
    init.ready = std::move(ready->read);
    init.as_root = as_root_;
    run_world_init(std::move(init));
  }
  *pidfd = os::Fd(pidfd_number);
  auto step = map_users(static_cast<int>(pid), uid);
  step = step ? group->add(static_cast<int>(pid)) : step;
  worlds_[static_cast<int>(pid)] = World{0, std::move(*group)};
  if (!step) {
    return step.error();  // `ready` closes unwritten, and the child ends
  }
  char go = 1;
  if (::write(ready->write.get(), &go, 1) != 1) {
    return system_error("start PID 1", errno);
  }
  return static_cast<int>(pid);
}

// fds: the world's description, its control socket, and the subject's three standard streams.
Result<Server::Started> Server::start(os::Message& message, const nlohmann::json& request) {
  if (message.fds.size() != 5) {
    return Error{ErrorKind::kSystem, "a start request has five descriptors", "", "", 0};
  }
  auto text = os::text_of_fd(message.fds[0].get());
  if (!text) {
    return text.error();
  }
  auto spec = model::world_spec_from_json(nlohmann::json::parse(*text, nullptr, false));
  if (!spec) {
    return spec.error();
  }
  auto network = prepare_network();
  if (!network) {
    return network.error();
  }
  Started started;
  for (int port : spec->listen_ports) {
    auto listener = listen_on(port);
    if (!listener) {
      return listener.error();
    }
    started.listeners.push_back(std::move(*listener));
  }
  for (const auto& mount : spec->mounts) {
    struct stat found {};
    const bool folder =
        ::stat((kHostView + mount.source).c_str(), &found) == 0 && S_ISDIR(found.st_mode);
    auto provided = root_.provide_target(mount.target, folder);
    if (!provided) {
      return provided.error();
    }
  }
  WorldInit init;
  init.spec = std::move(*spec);
  init.control = std::move(message.fds[1]);
  for (size_t i = 0; i < 3; ++i) {
    init.stdio[i] = std::move(message.fds[2 + i]);
  }
  network_ready_ = false;  // it is this world's now
  auto pid = clone_world(std::move(init), &started.pidfd);
  if (!pid) {
    return pid.error();
  }
  started.pid = *pid;
  worlds_[*pid].id = request.value("id", 0);
  return started;
}

void Server::handle(os::Message message) {
  auto request = nlohmann::json::parse(message.text, nullptr, false);
  const int id = request.is_object() ? request.value("id", 0) : 0;
  auto started = start(message, request);
  nlohmann::json answer = {{"id", id}};
  std::vector<int> fds;
  if (started) {
    answer["event"] = "cloned";
    answer["pid"] = started->pid;
    fds.push_back(started->pidfd.get());
    for (const auto& listener : started->listeners) {
      fds.push_back(listener.get());
    }
  } else {
    answer["event"] = "refused";
    answer["kind"] = static_cast<int>(started.error().kind);
    answer["message"] = started.error().message;
    answer["remedy"] = started.error().remedy;
  }
  (void)os::send_message(socket_.get(), answer.dump(), fds);  // a gone supervisor shows in poll
}

void Server::reap() {
  int status = 0;
  for (int pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    auto found = worlds_.find(pid);
    if (found != worlds_.end()) {
      leaving_.push_back(std::move(found->second));
      worlds_.erase(found);
    }
  }
}

void Server::remove_groups() {
  std::erase_if(leaving_, [&](World& world) {
    if (!world.group.remove()) {
      return false;
    }
    nlohmann::json event = {{"event", "gone"}, {"id", world.id}};
    if (socket_.valid()) {
      (void)os::send_message(socket_.get(), event.dump());
    }
    return true;
  });
}

int Server::serve() {
  while (socket_.valid() || !worlds_.empty() || !leaving_.empty()) {
    std::array<pollfd, 2> waits = {{{socket_.get(), POLLIN, 0}, {deaths_.get(), POLLIN, 0}}};
    int timeout_ms = !leaving_.empty() ? kGroupRetryMs : network_ready_ || network_failed_ ? -1 : 0;
    if (::poll(waits.data(), waits.size(), timeout_ms) < 0 && errno != EINTR) {
      return 1;
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)::read(deaths_.get(), &info, sizeof(info));  // a hint; waitpid tells what happened
      reap();
    }
    remove_groups();
    if (waits[0].revents != 0) {
      auto message = os::receive_message(socket_.get());
      if (!message || !message->has_value()) {
        socket_.reset();  // the worlds' control sockets close with the supervisor: they end
        network_failed_ = true;
        continue;
      }
      handle(std::move(**message));
    } else if (leaving_.empty() && socket_.valid()) {
      network_failed_ = !prepare_network().ok();
    }
  }
  return 0;
}

}  // namespace

int serve_zygote(os::Fd socket) {
  const int number = socket.get();
  Server server(std::move(socket));
  auto prepared = server.prepare();
  nlohmann::json answer = {{"event", prepared ? "ready" : "refused"}};
  if (!prepared) {
    answer["kind"] = static_cast<int>(prepared.error().kind);
    answer["message"] = prepared.error().message;
    answer["remedy"] = prepared.error().remedy;
  }
  if (!os::send_message(number, answer.dump()) || !prepared) {
    return 1;
  }
  return server.serve();
}

}  // namespace relapse::world
