#include "os/run_program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>

#include "os/fd.h"

namespace relapse::os {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr size_t kOutputBytesMax = size_t{64} << 10;

Result<pid_t> spawn(const std::vector<std::string>& argv, const Fd& output) {
  std::vector<char*> arguments;
  for (const auto& argument : argv) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t pid = -1;
  const int failed =
      ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  return failed == 0 ? Result<pid_t>(pid) : system_error("start " + argv[0], failed);
}

// Reads to the end of the output; false when the time is over before.
bool read_to_end(const Fd& from, int timeout_ms, std::string& output) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd wait{from.get(), POLLIN, 0};
    const int ready = left > 0 ? ::poll(&wait, 1, static_cast<int>(left)) : 0;
    if (ready < 0 && errno == EINTR) {
      continue;
    }
    if (ready <= 0) {
      return false;
    }
    std::array<char, 4096> chunk{};
    const ssize_t count = ::read(from.get(), chunk.data(), chunk.size());
    if (count <= 0) {
      return true;
    }
    if (output.size() < kOutputBytesMax) {
      output.append(chunk.data(), static_cast<size_t>(count));
    }
  }
}

}  // namespace

Result<ProgramEnd> run_program(const std::vector<std::string>& argv, int timeout_ms) {
  auto pipe = make_pipe();
  if (!pipe) {
    return pipe.error();
  }
  auto pid = spawn(argv, pipe->write);
  if (!pid) {
    return pid.error();
  }
  pipe->write.reset();
  ProgramEnd end;
  const bool in_time = read_to_end(pipe->read, timeout_ms, end.output);
  // A program that has closed its output is about to end; one that has not, ends now.
  if (!in_time) {
    ::kill(-*pid, SIGKILL);
  }
  while (::waitpid(*pid, &end.status, 0) < 0) {
    if (errno != EINTR) {
      return system_error("waitpid of " + argv[0], errno);
    }
  }
  if (!in_time) {
    return Error{ErrorKind::kSystem,
                 fmt::format("{} did not end within {} ms", argv[0], timeout_ms)};
  }
  return end;
}

std::string find_on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = folder + "/" + name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return "";
}

}  // namespace relapse::os
