#pragma once
// Notices that a subject keeps its controller off the CPU: under a real-time policy a thread that
// spins for what a held thread has yet to do never yields, and only a higher priority still runs.
//
// A thread of its own that touches no listener: the kernel may hold the listener's lock for a
// controller that was preempted while it answered, and whoever then polls the listener waits.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::run {

class Watchdog {
 public:
  struct Options {
    int fifo_priority = 1;
    int silence_ms = 250;            // so long without a beat, while there is work
    std::function<bool()> has_work;  // both are called in the watchdog's thread
    std::function<void()> on_silence;
  };
  static model::Result<std::unique_ptr<Watchdog>> start(Options options);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void beat() { ++beats_; }  // the controller runs

 private:
  explicit Watchdog(Options options) : options_(std::move(options)) {}
  void loop();

  Options options_;
  os::Pipe stop_;
  std::atomic<std::uint64_t> beats_ = 0;
  std::thread thread_;
};

}  // namespace relapse::run
