#pragma once
// Looking into another process without stopping it: its memory, and its descriptors as the
// kernel lends them to us (pidfd_getfd). Needs the rights of a debugger; without them, or when
// the process went away, a value is absent.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/fd.h"

namespace relapse::os {

// All of [address, address + size) or nothing.
bool read_memory(int pid, std::uint64_t address, void* into, size_t size);
bool write_memory(int pid, std::uint64_t address, const void* from, size_t size);
// Up to the NUL, at most `limit` bytes.
std::optional<std::string> read_memory_string(int pid, std::uint64_t address, size_t limit = 4096);

template <typename T>
std::optional<T> read_memory_as(int pid, std::uint64_t address) {
  T value{};
  if (!read_memory(pid, address, &value, sizeof value)) {
    return std::nullopt;
  }
  return value;
}

// A duplicate of the process's descriptor: the same open file, position and all. `pid` may be a
// thread's. Not valid if it went away or may not be debugged.
Fd borrow_fd(int pid, int fd);

// What a descriptor tells that /proc does not. It is borrowed for some microseconds: only for
// processes that stand still, since a descriptor closed meanwhile would be closed late.
struct LentFd {
  std::optional<std::uint64_t> unread_bytes;  // waiting to be read from it
  bool input_ready = false;                   // a read would return at once
  bool output_ready = false;                  // a write would
  double receive_timeout_ms = 0;              // SO_RCVTIMEO; 0: none
  double send_timeout_ms = 0;                 // SO_SNDTIMEO
};
std::optional<LentFd> look_at_fd(int pid, int fd);

// Bytes that wait in the pipe behind /proc/PID/fd/FD, by opening it once more; unlike the loan
// above this cannot disturb an event loop of a running process.
std::optional<std::uint64_t> unread_in_pipe(int pid, int fd);

// The file type behind a path as the process would resolve it: "fifo", "file", ... or "".
bool is_fifo_for(int pid, int folder_fd, const std::string& path);

}  // namespace relapse::os
