#include "trial/watch_process.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <optional>

#include "diagnose/watch.h"
#include "os/proc.h"

namespace relapse::run {

using model::Movement;

model::Result<model::Diagnosis> watch_process(int pid, double quiet_ms, double limit_ms) {
  if (!os::read_stat(pid)) {
    return model::Error{model::ErrorKind::kUsage, fmt::format("there is no process {}", pid)};
  }
  diagnose::Settings settings;
  settings.quiet_ms = quiet_ms;
  diagnose::Watch watch(pid, settings, 0);
  boost::asio::io_context io;
  boost::asio::steady_timer timer(io);
  const auto began = std::chrono::steady_clock::now();
  for (;;) {
    const std::chrono::duration<double, std::milli> passed =
        std::chrono::steady_clock::now() - began;
    const double now_ms = passed.count();
    auto step = watch.step(now_ms, {});
    if (step.hang) {
      return *step.hang;
    }
    std::optional<model::Diagnosis> report;
    if (step.ended || now_ms >= quiet_ms) {
      report = watch.report(now_ms, {});
    }
    const bool moves = report && report->verdict == Movement::kProgress && !watch.waiting_out();
    const bool clear = report && (step.ended || moves || report->verdict == Movement::kEnded);
    if (clear || now_ms >= limit_ms) {
      return report ? *report : watch.report(now_ms, {});
    }
    constexpr double kShortestMs = 10;
    const double wait_ms = std::max(watch.next_due_ms() - now_ms, kShortestMs);
    timer.expires_after(std::chrono::milliseconds(static_cast<std::int64_t>(wait_ms)));
    timer.wait();
  }
}

}  // namespace relapse::run
