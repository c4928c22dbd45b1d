#include "world/zygote/once.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/error_json.h"
#include "os/message.h"
#include "world/zygote/world_maker.h"

namespace relapse::world {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

Result<Request> own_streams(const std::string& path) {
  auto description = os::open_fd(path, O_RDONLY);
  if (!description) {
    return description.error();
  }
  Request request;
  request.description = std::move(*description);
  for (int stream = 0; stream < 3; ++stream) {
    os::Fd copy(::fcntl(stream, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!copy.valid()) {
      return system_error("copy a standard stream", errno);
    }
    request.stdio.at(static_cast<size_t>(stream)) = std::move(copy);
  }
  return request;
}

// Until PID 1 has told how the subject ended.
Result<int> wait_for_end(const os::Fd& control) {
  for (;;) {
    auto message = os::receive_message(control.get());
    if (!message) {
      return message.error();
    }
    if (!message->has_value()) {
      return Error{ErrorKind::kSystem, "the world's PID 1 has died"};
    }
    const auto event = nlohmann::json::parse((*message)->text, nullptr, false);
    const std::string kind = event.value("event", "");
    if (kind == "failed") {
      return model::error_from_json(event.value("error", nlohmann::json()));
    }
    if (kind == "exited") {
      const int status = event.value("status", 0);
      return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
  }
}

void wait_until_gone(WorldMaker& maker, const os::Fd& pidfd) {
  (void)::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);  // dead is dead
  pollfd death{pidfd.get(), POLLIN, 0};
  while (::poll(&death, 1, -1) < 0 && errno == EINTR) {
  }
  for (maker.reap(); maker.has_worlds(); maker.reap()) {
    ::poll(nullptr, 0, kClearingMs);
  }
}

Result<int> run(const std::string& path) {
  auto request = own_streams(path);
  auto control = os::make_socket_pair(SOCK_SEQPACKET);
  if (!request || !control) {
    return request ? control.error() : request.error();
  }
  request->control = std::move(control->second);
  WorldMaker maker;
  RELAPSE_TRY(maker.prepare());
  auto started = maker.start(std::move(*request));
  if (!started) {
    return started.error();
  }
  auto end = wait_for_end(control->first);
  wait_until_gone(maker, started->pidfd);
  return end;
}

}  // namespace

int run_once(const std::string& path) {
  auto end = run(path);
  if (!end) {
    (void)std::fprintf(stderr, "relapse-zygote: %s\n", end.error().text().c_str());
    return 125;
  }
  return *end;
}

}  // namespace relapse::world
