#include "run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace guest_download_test {

namespace {

constexpr int kLimitMs = 30'000;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result(texts.size() + 1, nullptr);
  std::transform(texts.begin(), texts.end(), result.begin(),
                 [](std::string& text) { return text.data(); });
  return result;
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

pid_t start(const Command& command, const std::filesystem::path& scratch) {
  std::ofstream(scratch / "stdin") << command.input;
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  const int created = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, 0, (scratch / "stdin").c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, (scratch / "stdout").c_str(), created, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, (scratch / "stderr").c_str(), created, 0600);
  std::vector<std::string> arguments = command.arguments;
  arguments.insert(arguments.begin(), command.program);
  std::vector<std::string> environment = command.environment;
  pid_t pid = -1;
  const int error = posix_spawn(&pid, command.program.c_str(), &actions, nullptr,
                                pointers(arguments).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    throw std::runtime_error("cannot start " + command.program.string());
  }
  return pid;
}

// The exit code as a shell has it.
int wait_for(pid_t pid) {
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd waited{handle, POLLIN, 0};
  if (handle < 0 || poll(&waited, 1, kLimitMs) <= 0) {
    kill(pid, SIGKILL);
  }
  close(handle);
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Run run_program(const Command& command, const std::filesystem::path& scratch) {
  const auto begun = std::chrono::steady_clock::now();
  Run run;
  run.exit_code = wait_for(start(command, scratch));
  run.duration = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begun);
  run.out = content(scratch / "stdout");
  run.err = content(scratch / "stderr");
  return run;
}

}  // namespace guest_download_test
