#include "run/record_head.h"

#include <fmt/chrono.h>

#include "run/version.h"
#include "world/capabilities.h"

namespace relapse::run {

using std::chrono::system_clock;

model::Record record_head(const std::string& command, std::uint64_t seed,
                          system_clock::time_point began) {
  model::Record record;
  record.version = kVersion;
  record.commit = kCommit;
  record.command = command;
  record.started =
      fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(system_clock::to_time_t(began)));
  record.duration_ms =
      std::chrono::duration<double, std::milli>(system_clock::now() - began).count();
  record.host = world::host_facts(world::find_capabilities());
  record.seed = seed;
  return record;
}

}  // namespace relapse::run
