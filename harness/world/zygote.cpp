#include "world/zygote.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>

#include "model/error_json.h"
#include "os/message.h"

namespace relapse::world {

namespace asio = boost::asio;
using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr int kStartTimeoutMs = 10'000;
constexpr std::chrono::seconds kCloneTimeout{10};

SubjectEnd end_of(const nlohmann::json& event) {
  const int status = event.value("status", 0);
  SubjectEnd end;
  end.signaled = WIFSIGNALED(status);
  end.code = end.signaled ? WTERMSIG(status) : WEXITSTATUS(status);
  end.oom = event.value("oom", false);
  end.cpu_ms = event.value("cpu_ms", 0.0);
  end.memory_max_kib = event.value("memory_max_kib", std::uint64_t{0});
  return end;
}

nlohmann::json parse(const std::string& text) {
  auto document = nlohmann::json::parse(text, nullptr, false);
  return document.is_object() ? document : nlohmann::json::object();
}

// The callback may destroy its owner, so it is not called in place.
template <typename Function, typename... Arguments>
void call(const Function& function, Arguments&&... arguments) {
  if (auto copy = function; copy) {
    copy(std::forward<Arguments>(arguments)...);
  }
}

}  // namespace

World::World(asio::io_context& io, Zygote* zygote, int id, WorldEvents events)
    : zygote_(zygote), id_(id), events_(std::move(events)), control_(io), pidfd_(io) {}

World::~World() {
  *alive_ = false;
  stop();
  if (zygote_ != nullptr) {
    zygote_->forget(id_);
  }
}

void World::stop() {
  end_known_ = true;
  if (pidfd_.is_open()) {
    // Closing the control socket would do, once PID 1 looks; this works whatever it does. Its
    // errors say that it is dead already.
    (void)::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), SIGKILL, nullptr, 0);
  }
  boost::system::error_code ignored;  // already closed is closed
  control_.close(ignored);
}

Result<> World::start_command(const model::WorldSpec& spec, const WorldStdio& stdio) {
  model::WorldSpec start = spec;
  start.control = {};
  start.files.clear();
  start.mounts.clear();
  auto description = os::text_as_fd(model::to_json(start).dump());
  if (!description) {
    return description.error();
  }
  return os::send_message(control_.native_handle(), R"({"order":"command"})",
                          {description->get(), stdio.in.get(), stdio.out.get(), stdio.err.get()});
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

// Takes what PID 1 has sent before its end and the event loop has not seen yet.
void World::read_last_words() {
  const auto alive = alive_;
  while (*alive && control_.is_open()) {
    pollfd wait{control_.native_handle(), POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0 || (wait.revents & POLLIN) == 0) {
      return;
    }
    auto message = os::receive_message(control_.native_handle());
    if (!message || !message->has_value()) {
      return;
    }
    handle((*message)->text, std::move((*message)->fds));
  }
}

void World::handle(const std::string& text, std::vector<os::Fd> fds) {
  const auto event = parse(text);
  const std::string kind = event.value("event", "");
  if (kind == "started" && fds.size() == 1) {
    subject_pid_ = event.value("pid", 0);
    subject_pidfd_ = std::move(fds[0]);
    call(events_.on_started);
  } else if (kind == "failed") {
    fail(model::error_from_json(event.value("error", nlohmann::json())));
  } else if (kind == "exited") {
    end_known_ = true;
    call(events_.on_exited, end_of(event));
  } else if (kind == "listener" && fds.size() == 1) {
    call(events_.on_listener, std::move(fds[0]));
  } else if (kind == "command-exited") {
    call(events_.on_command_end, Result<SubjectEnd>(end_of(event)));
  } else if (kind == "command-failed") {
    call(events_.on_command_end,
         Result<SubjectEnd>(model::error_from_json(event.value("error", nlohmann::json()))));
  }
}

void World::fail(Error error) {
  if (!end_known_) {
    end_known_ = true;
    call(events_.on_failed, std::move(error));
  }
}

void World::gone() {
  call(events_.on_gone);
}

// Nobody is left to tell that the world is gone, so PID 1's own end is waited for.
void World::zygote_died(const Error& error) {
  const auto alive = alive_;
  fail(error);
  if (!*alive) {
    return;
  }
  stop();
  pidfd_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this, alive](const boost::system::error_code& failed) {
                      if (!failed && *alive) {
                        gone();
                      }
                    });
}

Zygote::Zygote(asio::io_context& io, os::Fd socket) : io_(io), socket_(io, socket.release()) {}

Result<std::unique_ptr<Zygote>> Zygote::start(asio::io_context& io) {
  auto pair = os::make_socket_pair(SOCK_SEQPACKET);
  if (!pair) {
    return pair.error();
  }
  std::unique_ptr<Zygote> zygote(new Zygote(io, std::move(pair->first)));
  auto process = ZygoteProcess::start(pair->second);
  if (!process) {
    return process.error();
  }
  zygote->process_ = std::move(*process);
  pair->second.reset();
  RELAPSE_TRY(zygote->greet());
  zygote->listen();
  return zygote;
}

Result<> Zygote::greet() {
  pollfd wait{socket_.native_handle(), POLLIN, 0};
  int count = 0;
  do {
    count = ::poll(&wait, 1, kStartTimeoutMs);
  } while (count < 0 && errno == EINTR);
  if (count <= 0) {
    return count < 0 ? system_error("wait for the zygote", errno)
                     : Error{ErrorKind::kSystem, "the zygote did not answer within 10 s"};
  }
  auto message = os::receive_message(socket_.native_handle());
  if (!message) {
    return message.error();
  }
  if (!message->has_value()) {
    return Error{ErrorKind::kSystem, "the zygote ended before it was ready"};
  }
  const auto answer = parse((*message)->text);
  if (answer.value("event", "") != "ready") {
    return model::error_from_json(answer.value("error", nlohmann::json()));
  }
  notes_ = answer.value("notes", std::vector<std::string>());
  return Done{};
}

Zygote::~Zygote() {
  *alive_ = false;
  pending_.clear();
  for (auto& [id, world] : live_) {
    world->stop();
    world->zygote_ = nullptr;
  }
  boost::system::error_code ignored;  // already closed is closed
  socket_.close(ignored);
  process_.join();
}

void Zygote::start_world(const model::WorldSpec& spec, Stdio stdio, WorldEvents events,
                         Cloned cloned) {
  // The answer carries PID 1's descriptor beside the listeners.
  if (spec.listen_ports.size() >= os::kMessageFdsMax) {
    cloned(Error{ErrorKind::kScenario,
                 fmt::format("a world has {} listening ports at most", os::kMessageFdsMax - 1)});
    return;
  }
  auto description = os::text_as_fd(model::to_json(spec).dump());
  auto control = os::make_socket_pair(SOCK_SEQPACKET);
  if (!description || !control) {
    cloned(description ? control.error() : description.error());
    return;
  }
  const int id = next_id_++;
  std::unique_ptr<World> world(new World(io_, this, id, std::move(events)));
  world->control_.assign(control->first.release());
  auto sent = os::send_message(socket_.native_handle(), nlohmann::json{{"id", id}}.dump(),
                               {description->get(), control->second.get(), stdio.in.get(),
                                stdio.out.get(), stdio.err.get()});
  if (!sent) {
    cloned(sent.error());
    return;
  }
  Pending pending{std::move(world), std::move(cloned), std::make_unique<asio::steady_timer>(io_)};
  pending.deadline->expires_after(kCloneTimeout);
  pending.deadline->async_wait([this, id, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) {
      refuse(id, {ErrorKind::kSystem, "the zygote did not clone a world within 10 s"});
    }
  });
  pending_[id] = std::move(pending);
}

void Zygote::listen() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [this, alive = alive_](const boost::system::error_code& error) {
                       if (error || !*alive) {
                         return;  // closed by the destructor
                       }
                       auto message = os::receive_message(socket_.native_handle());
                       if (!message || !message->has_value()) {
                         fail_all({ErrorKind::kSystem, "the zygote has died"});
                         return;
                       }
                       handle((*message)->text, std::move((*message)->fds));
                       if (*alive) {
                         listen();
                       }
                     });
}

void Zygote::handle(const std::string& text, std::vector<os::Fd> fds) {
  const auto event = parse(text);
  const std::string kind = event.value("event", "");
  const int id = event.value("id", 0);
  if (kind == "gone") {
    handle_gone(id, event.value("status", 0), event.value("oom", false));
    return;
  }
  if (kind != "cloned" || fds.empty()) {
    refuse(id, model::error_from_json(event.value("error", nlohmann::json())));
    return;
  }
  auto found = pending_.find(id);
  if (found == pending_.end()) {
    return;  // given up; its control socket is closed, so it ends by itself
  }
  Pending pending = std::move(found->second);
  pending_.erase(found);
  World& world = *pending.world;
  world.init_pid_ = event.value("pid", 0);
  world.pidfd_.assign(fds.front().release());
  fds.erase(fds.begin());
  world.listeners_ = std::move(fds);
  live_[id] = &world;
  world.listen();
  pending.cloned(std::move(pending.world));
}

void Zygote::handle_gone(int id, int status, bool oom) {
  auto found = live_.find(id);
  if (found == live_.end()) {
    return;
  }
  World* world = found->second;
  const auto alive = world->alive_;
  // What PID 1 said last may still wait in its socket.
  if (world->control_.is_open() && !world->end_known_) {
    world->read_last_words();
  }
  if (*alive) {
    const std::string how = WIFSIGNALED(status) ? fmt::format("by signal {}", WTERMSIG(status))
                                                : fmt::format("with {}", WEXITSTATUS(status));
    world->fail({ErrorKind::kSystem, fmt::format("the world's PID 1 ended {}{}", how,
                                                 oom ? ": the memory limit was reached" : "")});
  }
  if (*alive) {
    world->gone();
  }
}

void Zygote::refuse(int id, const Error& error) {
  auto found = pending_.find(id);
  if (found != pending_.end()) {
    Pending pending = std::move(found->second);
    pending_.erase(found);
    pending.cloned(error);
  }
}

void Zygote::fail_all(const Error& error) {
  const auto alive = alive_;
  while (*alive && !pending_.empty()) {
    refuse(pending_.begin()->first, error);
  }
  std::vector<int> ids;
  for (const auto& [id, world] : live_) {
    ids.push_back(id);
  }
  for (int id : ids) {
    auto found = *alive ? live_.find(id) : live_.end();
    if (*alive && found != live_.end()) {
      found->second->zygote_died(error);
    }
  }
}

}  // namespace relapse::world
