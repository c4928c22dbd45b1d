#include "world/zygote.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/process/v2/posix/default_launcher.hpp>
#include <boost/process/v2/stdio.hpp>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "os/message.h"

namespace relapse::world {

namespace asio = boost::asio;
namespace process = boost::process::v2;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr int kStartTimeoutMs = 10'000;
constexpr int kZygoteSocket = 3;  // the number that relapse-zygote expects

// Boost.Process initializer: hands the request socket over as descriptor 3 and nothing else, in
// a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone.
struct HandOver {
  int socket;

  template <typename Launcher>
  boost::system::error_code on_exec_setup(Launcher&, const process::filesystem::path&,
                                          const char* const* /*argv*/) const {
    bool done = ::setsid() >= 0;
    // dup2 on itself would leave close-on-exec set.
    done = done && (socket == kZygoteSocket ? ::fcntl(socket, F_SETFD, 0) == 0
                                            : ::dup2(socket, kZygoteSocket) == kZygoteSocket);
    done = done && ::close_range(kZygoteSocket + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    return done ? boost::system::error_code()
                : boost::system::error_code(errno, boost::system::system_category());
  }
};

Error error_of(const nlohmann::json& event) {
  Error error;
  error.kind = static_cast<ErrorKind>(event.value("kind", static_cast<int>(ErrorKind::kSystem)));
  error.message = event.value("message", "the zygote gave no reason");
  error.remedy = event.value("remedy", "");
  return error;
}

std::filesystem::path zygote_program() {
  std::error_code error;
  auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  // Tests and benches lie in folders below the program's.
  for (auto folder = self.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / "relapse-zygote", error)) {
      return folder / "relapse-zygote";
    }
  }
  return self.parent_path() / "relapse-zygote";
}

Result<nlohmann::json> wait_for_ready(int socket) {
  pollfd wait{socket, POLLIN, 0};
  int count = ::poll(&wait, 1, kStartTimeoutMs);
  if (count < 0) {
    return system_error("wait for the zygote", errno);
  }
  if (count == 0) {
    return Error{ErrorKind::kSystem, "the zygote did not answer within 10 s", "", "", 0};
  }
  auto message = os::receive_message(socket);
  if (!message) {
    return message.error();
  }
  if (!message->has_value()) {
    return Error{ErrorKind::kSystem, "the zygote ended before it was ready", "", "", 0};
  }
  return nlohmann::json::parse((*message)->text, nullptr, false);
}

SubjectEnd end_of(const nlohmann::json& event) {
  const int status = event.value("status", 0);
  SubjectEnd end;
  end.signaled = WIFSIGNALED(status);
  end.code = end.signaled ? WTERMSIG(status) : WEXITSTATUS(status);
  end.cpu_ms = event.value("cpu_ms", 0.0);
  end.memory_max_kib = event.value("memory_max_kib", std::uint64_t{0});
  return end;
}

}  // namespace

World::World(asio::io_context& io, Zygote& zygote, int id, WorldEvents events)
    : zygote_(zygote), id_(id), events_(std::move(events)), control_(io) {}

World::~World() {
  *alive_ = false;
  zygote_.forget(id_);
}

void World::stop() {
  boost::system::error_code ignored;  // already closed is closed
  control_.close(ignored);
}

void World::listen() {
  control_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [this, alive = alive_](const boost::system::error_code& error) {
                        if (error || !*alive) {
                          return;
                        }
                        auto message = os::receive_message(control_.native_handle());
                        if (!message || !message->has_value()) {
                          return;  // PID 1 has ended; the zygote's "gone" follows
                        }
                        handle((*message)->text, std::move((*message)->fds));
                        if (*alive && control_.is_open()) {
                          listen();
                        }
                      });
}

void World::handle(const std::string& text, std::vector<os::Fd> fds) {
  auto event = nlohmann::json::parse(text, nullptr, false);
  const std::string kind = event.is_object() ? event.value("event", "") : "";
  if (kind == "started") {
    subject_pid_ = event.value("pid", 0);
    events_.on_started();
  } else if (kind == "failed") {
    Error error = error_of({{"message", event["message"]}, {"remedy", event["remedy"]}});
    error.kind = event["kind"] == "scenario" ? ErrorKind::kScenario : ErrorKind::kSystem;
    events_.on_failed(std::move(error));
  } else if (kind == "exited") {
    events_.on_exited(end_of(event));
  } else if (kind == "listener" && fds.size() == 1 && events_.on_listener) {
    events_.on_listener(std::move(fds[0]));
  }
}

Zygote::Zygote(asio::io_context& io, os::Fd socket) : io_(io), socket_(io, socket.release()) {}

Result<std::unique_ptr<Zygote>> Zygote::start(asio::io_context& io) {
  auto pair = os::make_socket_pair(SOCK_SEQPACKET);
  if (!pair) {
    return pair.error();
  }
  std::unique_ptr<Zygote> zygote(new Zygote(io, std::move(pair->first)));
  const auto program = zygote_program();
  boost::system::error_code failed;
  auto launched = process::posix::default_launcher()(
      io.get_executor(), failed, process::filesystem::path(program.string()),
      std::vector<std::string>{}, process::process_stdio{nullptr, {}, {}},
      HandOver{pair->second.get()});
  if (failed) {
    return system_error("start " + program.string(), failed.value());
  }
  zygote->process_ = std::make_unique<process::process>(std::move(launched));
  pair->second.reset();
  auto answer = wait_for_ready(zygote->socket_.native_handle());
  if (!answer) {
    return answer.error();
  }
  if (answer->value("event", "") != "ready") {
    return error_of(*answer);
  }
  zygote->listen();
  return zygote;
}

Zygote::~Zygote() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  if (process_) {
    // It ends when its last world is gone; the worlds' control sockets are closed by now.
    process_->wait(ignored);
  }
}

void Zygote::start_world(const model::WorldSpec& spec, Stdio stdio, WorldEvents events,
                         Cloned cloned) {
  auto description = os::text_as_fd(model::to_json(spec).dump());
  auto control = os::make_socket_pair(SOCK_SEQPACKET);
  if (!description || !control) {
    cloned(description ? control.error() : description.error());
    return;
  }
  const int id = next_id_++;
  std::unique_ptr<World> world(new World(io_, *this, id, std::move(events)));
  world->control_.assign(control->first.release());
  auto sent = os::send_message(socket_.native_handle(), nlohmann::json{{"id", id}}.dump(),
                               {description->get(), control->second.get(), stdio.in.get(),
                                stdio.out.get(), stdio.err.get()});
  if (!sent) {
    cloned(sent.error());
    return;
  }
  pending_[id] = {std::move(world), std::move(cloned)};
}

void Zygote::listen() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& error) {
                       if (error) {
                         return;  // closed by the destructor
                       }
                       auto message = os::receive_message(socket_.native_handle());
                       if (!message || !message->has_value()) {
                         fail_all({ErrorKind::kSystem, "the zygote has died", "", "", 0});
                         return;
                       }
                       handle((*message)->text, std::move((*message)->fds));
                       listen();
                     });
}

void Zygote::handle(const std::string& text, std::vector<os::Fd> fds) {
  auto event = nlohmann::json::parse(text, nullptr, false);
  const std::string kind = event.value("event", "");
  const int id = event.value("id", 0);
  if (kind == "gone") {
    auto found = live_.find(id);
    if (found != live_.end()) {
      found->second->events_.on_gone();
    }
    return;
  }
  auto found = pending_.find(id);
  if (found == pending_.end()) {
    return;
  }
  Pending pending = std::move(found->second);
  pending_.erase(found);
  if (kind != "cloned" || fds.empty()) {
    pending.cloned(error_of(event));
    return;
  }
  World& world = *pending.world;
  world.init_pid_ = event.value("pid", 0);
  world.pidfd_ = std::move(fds.front());
  fds.erase(fds.begin());
  world.listeners_ = std::move(fds);
  live_[id] = &world;
  world.listen();
  pending.cloned(std::move(pending.world));
}

void Zygote::fail_all(const Error& error) {
  auto pending = std::move(pending_);
  pending_.clear();
  for (auto& [id, one] : pending) {
    one.cloned(error);
  }
  auto live = live_;
  for (auto& [id, world] : live) {
    world->events_.on_failed(error);
  }
}

}  // namespace relapse::world
