#pragma once
// The supervisor's end of a notify filter: receives a subject's held system calls and lets them
// go, fails them, or answers them itself.
//
// ENOENT from the kernel means that the target went away (killed, or interrupted by a signal
// before its call was received); the call may come again under a new id. That is not an error.

#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

struct Notification {
  std::uint64_t id = 0;
  int tid = 0;  // of the calling thread, in the receiver's PID namespace
  seccomp_data data{};
};

class SeccompListener {
 public:
  // Takes the descriptor. Asks the kernel for its sizes and for synchronous wake-ups.
  static model::Result<SeccompListener> adopt(Fd fd);

  int fd() const { return fd_.get(); }
  bool wakes_synchronously() const { return wakes_synchronously_; }

  // Call only when poll says that the descriptor is readable, or it blocks. Empty: the caller
  // went away in between.
  model::Result<std::optional<Notification>> receive();

  // The three answers. False: the target went away, nothing was answered.
  model::Result<bool> let_go(std::uint64_t id);
  model::Result<bool> fail(std::uint64_t id, int errno_value);
  model::Result<bool> answer(std::uint64_t id, std::int64_t value);

  // Whether the call is still held; ask after every reading of the target's memory.
  bool id_valid(std::uint64_t id) const;

 private:
  SeccompListener(Fd fd, const seccomp_notif_sizes& sizes, bool wakes_synchronously);
  model::Result<bool> send(std::uint64_t id, std::int64_t value, int error, std::uint32_t flags);

  Fd fd_;
  // The kernel's structures may be larger than the header's: room for the kernel's.
  std::vector<std::uint64_t> request_;
  std::uint16_t response_bytes_ = 0;
  bool wakes_synchronously_ = false;
};

}  // namespace relapse::os
