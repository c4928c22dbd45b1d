#include "world/zygote_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>

namespace relapse::world {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

constexpr int kZygoteSocket = 3;       // the number that relapse-zygote expects
constexpr int kEndTimeoutMs = 10'000;  // worlds die in milliseconds; groups go soon after

// posix_spawn(3) and not fork: our page tables are large, and a copy of them costs milliseconds.
class Spawn {
 public:
  Spawn() {
    failed_ = ::posix_spawn_file_actions_init(&actions_);
    failed_ = failed_ != 0 ? failed_ : ::posix_spawnattr_init(&attributes_);
  }
  ~Spawn() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
  }
  Spawn(const Spawn&) = delete;
  Spawn& operator=(const Spawn&) = delete;

  void hand_over(int socket) {
    check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
    // On itself too: that takes close-on-exec away.
    check(::posix_spawn_file_actions_adddup2(&actions_, socket, kZygoteSocket));
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, kZygoteSocket + 1));
  }

  void detach_from_terminal() {
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setsigdefault(&attributes_, &all));
    check(::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  }

  Result<pid_t> run(std::string program) {
    std::array<char*, 2> argv = {program.data(), nullptr};
    pid_t pid = -1;
    if (failed_ == 0) {
      failed_ = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), environ);
    }
    if (failed_ != 0) {
      return system_error("start " + program, failed_);
    }
    return pid;
  }

 private:
  void check(int result) { failed_ = failed_ != 0 ? failed_ : result; }

  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  int failed_ = 0;
};

}  // namespace

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

ZygoteProcess::ZygoteProcess(ZygoteProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}

ZygoteProcess& ZygoteProcess::operator=(ZygoteProcess&& other) noexcept {
  if (this != &other) {
    join();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

ZygoteProcess::~ZygoteProcess() {
  join();
}

Result<ZygoteProcess> ZygoteProcess::start(const os::Fd& socket) {
  Spawn spawn;
  spawn.hand_over(socket.get());
  spawn.detach_from_terminal();
  auto pid = spawn.run(zygote_program());
  if (!pid) {
    return pid.error();
  }
  ZygoteProcess process;
  process.pid_ = *pid;
  process.pidfd_ = os::Fd(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  return process;
}

void ZygoteProcess::join() {
  if (pid_ < 0) {
    return;
  }
  pollfd wait{pidfd_.get(), POLLIN, 0};
  int ended = 0;
  do {
    ended = ::poll(&wait, 1, kEndTimeoutMs);
  } while (ended < 0 && errno == EINTR);
  if (ended <= 0) {
    ::kill(pid_, SIGKILL);  // ours and not yet waited for: the pid is still its own
  }
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  pidfd_.reset();
}

}  // namespace relapse::world
