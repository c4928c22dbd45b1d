#pragma once
// The zygote as a child process of ours.

#include <sys/types.h>

#include <filesystem>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::world {

// The program that is started: relapse-zygote beside ours, or in the nearest folder above.
std::filesystem::path zygote_program();

class ZygoteProcess {
 public:
  ZygoteProcess() = default;
  ZygoteProcess(ZygoteProcess&& other) noexcept;
  ZygoteProcess& operator=(ZygoteProcess&& other) noexcept;
  ZygoteProcess(const ZygoteProcess&) = delete;
  ZygoteProcess& operator=(const ZygoteProcess&) = delete;
  ~ZygoteProcess();

  // Starts the program beside ours with `socket` as its request socket and no other descriptor
  // of ours, in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone.
  static model::Result<ZygoteProcess> start(const os::Fd& socket);

  pid_t pid() const { return pid_; }

  // Waits until it has ended by itself, as it does when its socket is closed and its worlds are
  // gone; after the limit it is killed.
  void join();

 private:
  pid_t pid_ = -1;
  os::Fd pidfd_;
};

}  // namespace relapse::world
