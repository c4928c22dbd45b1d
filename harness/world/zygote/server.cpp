#include "world/zygote/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <vector>

#include "model/error_json.h"
#include "model/world_spec.h"
#include "os/cgroup.h"
#include "os/message.h"
#include "os/mounts.h"
#include "world/zygote/mount_roots.h"
#include "world/zygote/network.h"
#include "world/zygote/sources.h"
#include "world/zygote/world_clone.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;
using model::WorldSpec;

namespace {

constexpr const char* kGroupPrefix = "relapse";
// A group whose last member is just being torn down refuses its removal for some milliseconds.
constexpr int kGroupRetryMs = 5;
// The control socket, the description and three streams.
constexpr size_t kRequestFds = 5;

Result<> write_own(const std::string& path, const std::string& text) {
  auto file = os::open_fd(path, O_WRONLY);
  if (!file) {
    return file.error();
  }
  if (::write(file->get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return system_error(fmt::format("write '{}' to {}", text, path), errno);
  }
  return Done{};
}

Error no_namespaces(int cause) {
  Error error = system_error("make a user namespace", cause);
  error.kind = ErrorKind::kUnavailable;
  error.remedy = "relapse doctor says what is missing";
  return error;
}

// As root of a user namespace of our own, with the mounts of the host that belong to it.
Result<> become_root_of_own_namespace() {
  const unsigned uid = ::geteuid();
  const unsigned gid = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    return no_namespaces(errno);
  }
  RELAPSE_TRY(write_own("/proc/self/setgroups", "deny"));
  RELAPSE_TRY(write_own("/proc/self/uid_map", fmt::format("0 {} 1", uid)));
  RELAPSE_TRY(write_own("/proc/self/gid_map", fmt::format("0 {} 1", gid)));
  return os::make_private();
}

Result<std::set<Target>> targets_of(const WorldSpec& spec, const Sources& sources) {
  std::set<Target> targets;
  for (size_t i = 0; i < spec.mounts.size(); ++i) {
    const auto path = std::filesystem::path(spec.mounts[i].target).lexically_normal();
    struct stat found {};
    if (!path.is_absolute() || !path.has_filename()) {
      return Error{ErrorKind::kScenario, "not a place for a mount: " + spec.mounts[i].target,
                   "an absolute path without a slash at its end"};
    }
    if (::fstat(sources.mounts.at(i).get(), &found) != 0) {
      return system_error("stat " + spec.mounts[i].source, errno);
    }
    targets.insert({path.string(), S_ISDIR(found.st_mode)});
  }
  return targets;
}

class Server {
 public:
  explicit Server(os::Fd socket) : socket_(std::move(socket)) {}

  Result<> prepare();
  std::vector<std::string> notes() const;
  int serve();

 private:
  struct World {
    int id = 0;
    os::Cgroup group;
    int status = 0;  // of PID 1, when it is dead
    bool oom = false;
  };
  struct Started {
    Cloned init;
    std::vector<os::Fd> listeners;
  };

  Result<> prepare_network();
  Result<Started> start(int id, os::Message message);
  Result<WorldInit> prepare_world(os::Message message);
  void handle(os::Message message);
  void reap();
  void remove_groups();

  os::Fd socket_;
  os::Fd deaths_;
  bool network_ready_ = false;
  bool network_failed_ = false;  // then it is tried again, and the reason told, at the next start
  std::string group_prefix_;
  int worlds_made_ = 0;
  os::CgroupParents parents_;
  MountRoots roots_;
  std::map<int, World> worlds_;  // by the pid of their PID 1
  std::vector<World> leaving_;   // dead, their groups not yet removed
};

Result<> Server::prepare() {
  // Before anything changes: these look at the host as it is.
  parents_ = os::CgroupParents::find();
  parents_.sweep(kGroupPrefix);
  group_prefix_ = fmt::format("{}.{}.{}", kGroupPrefix, ::getpid(), os::start_ticks(::getpid()));
  if (::geteuid() != 0 || !os::may_mount()) {
    RELAPSE_TRY(become_root_of_own_namespace());
  }
  auto roots = MountRoots::find();
  if (!roots) {
    return roots.error();
  }
  roots_ = std::move(*roots);
  RELAPSE_TRY(roots_.enter_template({}));
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  deaths_ = os::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return deaths_.valid() ? Result<>(Done{}) : system_error("signalfd", errno);
}

std::vector<std::string> Server::notes() const {
  std::vector<std::string> notes;
  if (!parents_.limits_memory()) {
    notes.emplace_back(
        "memory is limited for each process (RLIMIT_DATA), not for the whole world: "
        "no memory cgroup may be made here");
  }
  if (!parents_.limits_processes()) {
    notes.emplace_back(
        "processes are limited by RLIMIT_NPROC, for the world's user: "
        "no pids cgroup may be made here");
  }
  return notes;
}

// The next world's network namespace is made ahead, while nothing else is to do: it is the
// dearest of all. The world's PID 1 inherits it from us.
Result<> Server::prepare_network() {
  if (!network_ready_) {
    RELAPSE_TRY(enter_new_network());
    network_ready_ = true;
  }
  return Done{};
}

// Reads the request and fetches what the world needs; leaves us in the world's template.
Result<WorldInit> Server::prepare_world(os::Message message) {
  if (message.fds.size() != kRequestFds) {
    return Error{ErrorKind::kSystem, "a start request has five descriptors"};
  }
  auto text = os::text_of_fd(message.fds[0].get());
  if (!text) {
    return text.error();
  }
  auto spec = model::world_spec_from_json(nlohmann::json::parse(*text, nullptr, false));
  if (!spec) {
    return spec.error();
  }
  WorldInit init;
  init.spec = std::move(*spec);
  init.as_root = is_mapped(0) && is_mapped(init.spec.uid);
  init.control = std::move(message.fds[1]);
  for (size_t i = 0; i < init.stdio.size(); ++i) {
    init.stdio.at(i) = std::move(message.fds[2 + i]);
  }
  if (needs_sources(init.spec)) {
    RELAPSE_TRY(roots_.enter_host());
    auto sources = fetch_sources(init.spec);
    if (!sources) {
      return sources.error();
    }
    init.sources = std::move(*sources);
  }
  auto targets = targets_of(init.spec, init.sources);
  if (!targets) {
    return targets.error();
  }
  RELAPSE_TRY(roots_.enter_template(*targets));
  return init;
}

Result<Server::Started> Server::start(int id, os::Message message) {
  auto init = prepare_world(std::move(message));
  if (!init) {
    return init.error();
  }
  RELAPSE_TRY(prepare_network());
  Started started;
  for (int port : init->spec.listen_ports) {
    auto listener = listen_on(port);
    if (!listener) {
      return listener.error();
    }
    started.listeners.push_back(std::move(*listener));
  }
  // One more process than the subject may have: PID 1.
  auto group = parents_.make(fmt::format("{}.{}", group_prefix_, ++worlds_made_),
                             {init->spec.limits.memory_bytes, init->spec.limits.processes + 1});
  if (!group) {
    return group.error();
  }
  init->memory_events = group->open_memory_events();
  network_ready_ = false;  // it is this world's now, even of one that comes to nothing
  auto cloned = clone_world(std::move(*init), *group, roots_.proc());
  if (!cloned) {
    leaving_.push_back({0, std::move(*group)});
    return cloned.error();
  }
  started.init = std::move(*cloned);
  worlds_[started.init.pid] = {id, std::move(*group)};
  return started;
}

void Server::handle(os::Message message) {
  auto request = nlohmann::json::parse(message.text, nullptr, false);
  const int id = request.is_object() ? request.value("id", 0) : 0;
  auto started = start(id, std::move(message));
  nlohmann::json answer = {{"id", id}};
  std::vector<int> fds;
  if (started) {
    answer["event"] = "cloned";
    answer["pid"] = started->init.pid;
    fds.push_back(started->init.pidfd.get());
    for (const auto& listener : started->listeners) {
      fds.push_back(listener.get());
    }
  } else {
    answer["event"] = "refused";
    answer["error"] = model::to_json(started.error());
  }
  (void)os::send_message(socket_.get(), answer.dump(), fds);  // a gone supervisor shows in poll
}

void Server::reap() {
  int status = 0;
  for (int pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    auto found = worlds_.find(pid);
    if (found == worlds_.end()) {
      continue;
    }
    World& world = found->second;
    world.status = status;
    world.oom = os::oom_kills(world.group.open_memory_events()) > 0;
    leaving_.push_back(std::move(world));
    worlds_.erase(found);
  }
}

void Server::remove_groups() {
  std::erase_if(leaving_, [&](World& world) {
    if (!world.group.remove()) {
      return false;
    }
    if (world.id != 0 && socket_.valid()) {
      const nlohmann::json event = {
          {"event", "gone"}, {"id", world.id}, {"status", world.status}, {"oom", world.oom}};
      (void)os::send_message(socket_.get(), event.dump());  // as above
    }
    return true;
  });
}

int Server::serve() {
  while (socket_.valid() || !worlds_.empty() || !leaving_.empty()) {
    std::array<pollfd, 2> waits = {{{socket_.get(), POLLIN, 0}, {deaths_.get(), POLLIN, 0}}};
    const bool idle = network_ready_ || network_failed_ || !socket_.valid();
    const int timeout_ms = !leaving_.empty() ? kGroupRetryMs : idle ? -1 : 0;
    if (::poll(waits.data(), waits.size(), timeout_ms) < 0 && errno != EINTR) {
      return 1;
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)!::read(deaths_.get(), &info, sizeof(info));  // a hint; waitpid tells what happened
      reap();
    }
    remove_groups();
    if (waits[0].revents != 0) {
      auto message = os::receive_message(socket_.get());
      if (message && message->has_value()) {
        handle(std::move(**message));
      } else {
        socket_.reset();  // the worlds' control sockets close with the supervisor: they end
      }
    } else if (leaving_.empty() && socket_.valid()) {
      network_failed_ = !prepare_network().ok();
    }
  }
  // What was still dying when we began, of a run that was killed, is dead by now.
  parents_.sweep(kGroupPrefix);
  return 0;
}

}  // namespace

int serve_zygote(os::Fd socket) {
  const int number = socket.get();
  Server server(std::move(socket));
  auto prepared = server.prepare();
  const nlohmann::json answer =
      prepared ? nlohmann::json{{"event", "ready"}, {"notes", server.notes()}}
               : nlohmann::json{{"event", "refused"}, {"error", model::to_json(prepared.error())}};
  if (!os::send_message(number, answer.dump()) || !prepared) {
    return 1;
  }
  return server.serve();
}

}  // namespace relapse::world
