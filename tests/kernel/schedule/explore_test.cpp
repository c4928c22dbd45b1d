#include <fmt/format.h>

#include "catch.h"
#include "fault/schedule.h"
#include "launcher.h"

using namespace relapse;
using test::Bench;
using test::plan_of;

TEST_CASE("probe", "[.probe]") {
  Bench bench("work");
  const char* mode = std::getenv("PROBE_MODE");
  const char* strategy = std::getenv("PROBE_STRATEGY");
  auto points = std::getenv("PROBE_READS") ? model::PointSet::kReads : model::PointSet::kMutations;
  int n = std::getenv("PROBE_N") ? std::atoi(std::getenv("PROBE_N")) : 20;
  int failed = 0;
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < n; ++i) {
    auto plan = plan_of(strategy ? strategy : "key", static_cast<std::uint64_t>(i), points);
    plan.depth = 3;
    plan.steps = 40;
    auto trial = bench.run({test::subject(), mode ? mode : "download-bad", "{}"}, plan);
    failed += trial.failed() ? 1 : 0;
    if (i < 1) {
      fmt::print("exit {} mode {} end {} events {}\n{}\n", trial.exit_code, (int)trial.mode,
                 (int)trial.outcome.end, trial.outcome.trace.events.size(), trial.output);
      for (auto& e : trial.outcome.trace.events)
        fmt::print("  {} {} #{} -> {} {}\n", to_text(e), (int)e.source, e.occurrence, e.error,
                   e.withdrawn ? "withdrawn" : "");
      for (auto& e : trial.outcome.trace.notes)
        fmt::print("  note {}\n", e);
    }
  }
  auto ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began);
  fmt::print("failed {} of {}, {:.1f} ms each\n", failed, n, ms.count() / n);
}
