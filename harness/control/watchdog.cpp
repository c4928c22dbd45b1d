#include "control/watchdog.h"

#include <poll.h>

#include <cerrno>

#include "os/thread_policy.h"

namespace relapse::run {

using model::Result;

namespace {

constexpr int kLooksPerSilence = 5;

}  // namespace

Result<std::unique_ptr<Watchdog>> Watchdog::start(Options options) {
  std::unique_ptr<Watchdog> watchdog(new Watchdog(std::move(options)));
  auto stop = os::make_pipe();
  if (!stop) {
    return stop.error();
  }
  watchdog->stop_ = std::move(*stop);
  watchdog->thread_ = std::thread([raw = watchdog.get()] { raw->loop(); });
  return watchdog;
}

Watchdog::~Watchdog() {
  stop_.write.reset();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void Watchdog::loop() {
  os::set_fifo(0, options_.fifo_priority);
  int interval_ms = options_.silence_ms / kLooksPerSilence;
  int silent_ms = 0;
  std::uint64_t last = 0;
  for (;;) {
    pollfd set{stop_.read.get(), POLLIN, 0};
    int ready = ::poll(&set, 1, interval_ms);
    if (ready > 0 || (ready < 0 && errno != EINTR)) {
      return;
    }
    std::uint64_t now = beats_;
    silent_ms = now == last && options_.has_work() ? silent_ms + interval_ms : 0;
    last = now;
    if (silent_ms >= options_.silence_ms) {
      silent_ms = 0;
      options_.on_silence();
    }
  }
}

}  // namespace relapse::run
