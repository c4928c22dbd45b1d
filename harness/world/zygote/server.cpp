#include "world/zygote/server.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <map>
#include <vector>

#include "model/error_json.h"
#include "os/message.h"
#include "world/zygote/world_maker.h"

namespace relapse::world {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr size_t kRequestFds = 5;  // of Request

class Server {
 public:
  explicit Server(os::Fd socket) : socket_(std::move(socket)) {}

  Result<> prepare();
  Result<> tell(const nlohmann::json& event, const std::vector<int>& fds = {}) const;
  const WorldMaker& maker() const { return maker_; }
  int serve();

 private:
  Result<WorldMaker::Started> start(os::Message message);
  void handle(os::Message message);
  void listen();
  void reap();

  os::Fd socket_;
  os::Fd deaths_;
  WorldMaker maker_;
  std::map<int, int> ids_;  // the supervisor's numbers of worlds, by the pid of their PID 1
};

Result<> Server::prepare() {
  RELAPSE_TRY(maker_.prepare());
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  deaths_ = os::Fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  return deaths_.valid() ? Result<>(Done{}) : system_error("signalfd", errno);
}

Result<> Server::tell(const nlohmann::json& event, const std::vector<int>& fds) const {
  return os::send_message(socket_.get(), event.dump(), fds);
}

Result<WorldMaker::Started> Server::start(os::Message message) {
  if (message.fds.size() != kRequestFds) {
    return Error{ErrorKind::kSystem, "a start request has five descriptors"};
  }
  Request request;
  request.description = std::move(message.fds[0]);
  request.control = std::move(message.fds[1]);
  for (size_t i = 0; i < request.stdio.size(); ++i) {
    request.stdio.at(i) = std::move(message.fds[2 + i]);
  }
  return maker_.start(std::move(request));
}

void Server::handle(os::Message message) {
  const auto request = nlohmann::json::parse(message.text, nullptr, false);
  const int id = request.is_object() ? request.value("id", 0) : 0;
  auto started = start(std::move(message));
  // A supervisor that is gone shows in poll.
  if (!started) {
    (void)tell({{"id", id}, {"event", "refused"}, {"error", model::to_json(started.error())}});
    return;
  }
  std::vector<int> fds = {started->pidfd.get()};
  for (const auto& listener : started->listeners) {
    fds.push_back(listener.get());
  }
  ids_[started->pid] = id;
  (void)tell({{"id", id}, {"event", "cloned"}, {"pid", started->pid}}, fds);
}

void Server::reap() {
  for (const auto& gone : maker_.reap()) {
    auto found = ids_.find(gone.pid);
    if (found == ids_.end()) {
      continue;  // never asked for
    }
    if (socket_.valid()) {
      (void)tell({{"event", "gone"},
                  {"id", found->second},
                  {"status", gone.status},
                  {"oom", gone.oom}});  // as above
    }
    ids_.erase(found);
  }
}

void Server::listen() {
  auto message = os::receive_message(socket_.get());
  if (message && message->has_value()) {
    handle(std::move(**message));
  } else {
    socket_.reset();  // the worlds' control sockets close with the supervisor: they end
    maker_.stop_working_ahead();
  }
}

int Server::serve() {
  bool idle = false;
  while (socket_.valid() || maker_.has_worlds()) {
    std::array<pollfd, 2> waits = {{{socket_.get(), POLLIN, 0}, {deaths_.get(), POLLIN, 0}}};
    const int timeout_ms = !idle ? 0 : maker_.is_clearing() ? kClearingMs : -1;
    const int count = ::poll(waits.data(), waits.size(), timeout_ms);
    if (count < 0 && errno != EINTR) {
      return 1;
    }
    if (waits[1].revents != 0) {
      signalfd_siginfo info{};
      (void)!::read(deaths_.get(), &info, sizeof(info));  // a hint; waitpid tells what happened
      reap();
    } else if (maker_.is_clearing()) {
      reap();
    }
    if (waits[0].revents != 0) {
      listen();
    }
    idle = count == 0 && !maker_.work_ahead();
  }
  maker_.sweep();
  return 0;
}

}  // namespace

int serve_zygote(os::Fd socket) {
  Server server(std::move(socket));
  auto prepared = server.prepare();
  const nlohmann::json answer =
      prepared ? nlohmann::json{{"event", "ready"}, {"notes", server.maker().notes()}}
               : nlohmann::json{{"event", "refused"}, {"error", model::to_json(prepared.error())}};
  if (!server.tell(answer) || !prepared) {
    return 1;
  }
  return server.serve();
}

}  // namespace relapse::world
