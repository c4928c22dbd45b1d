#pragma once
// What a thread waits for, read from its system call: number and arguments, and where those are
// pointers, the thread's memory. The memory comes through an interface, so that this is pure.

#include <cstdint>
#include <ctime>

#include "diagnose/snapshot.h"

namespace relapse::diagnose {

class Memory {
 public:
  virtual ~Memory() = default;
  virtual bool read(std::uint64_t address, void* into, size_t size) const = 0;
  virtual std::optional<std::string> text(std::uint64_t address) const = 0;
  // True when the path, as this process would resolve it, is a FIFO.
  virtual bool is_fifo(int folder_fd, const std::string& path) const = 0;
};

struct ThreadLook {
  char state = '?';
  os::SyscallFact call;
  std::string wchan;
  std::timespec now_realtime{};  // both clocks when we looked: some time-outs are absolute
  std::timespec now_monotonic{};
};

// `threads` are the inner tids of the process (who could own a lock).
Wait wait_of(const ThreadLook& look, const Memory& memory, const std::vector<int>& threads);

}  // namespace relapse::diagnose
