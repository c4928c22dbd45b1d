#include "model/record_merge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>
#include <set>

namespace relapse::model {

namespace {

// Milliseconds since the epoch; 0 where it is no time as records have it.
double time_ms(const std::string& iso) {
  std::tm parts{};
  const char* end = ::strptime(iso.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return end == nullptr ? 0 : static_cast<double>(::timegm(&parts)) * 1000;
}

Result<> all_shards_are_there(const std::vector<Record>& records) {
  std::set<int> counts;
  std::set<int> seen;
  for (const auto& record : records) {
    counts.insert(record.shard ? record.shard->count : 0);
    seen.insert(record.shard ? record.shard->index : 0);
  }
  if (counts.size() > 1) {
    return Error{ErrorKind::kUsage,
                 fmt::format("these are no shards of one run: they say 'of {}'",
                             fmt::join(counts, "', 'of ")),
                 "merge the records of one `relapse run --shard I/N` each"};
  }
  std::vector<int> missing;
  for (int i = 1; i <= *counts.begin(); ++i) {
    if (!seen.contains(i)) {
      missing.push_back(i);
    }
  }
  if (!missing.empty()) {
    return Error{
        ErrorKind::kUnavailable,
        fmt::format("of {} shards {} {} missing: what has not run is not green", *counts.begin(),
                    fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are")};
  }
  return Done{};
}

}  // namespace

Result<Record> merge_records(std::vector<Record> records) {
  if (records.empty()) {
    return Error{ErrorKind::kUsage, "there is no record to merge"};
  }
  RELAPSE_TRY(all_shards_are_there(records));
  Record out = std::move(records.front());
  double end_ms = time_ms(out.started) + out.duration_ms;
  for (size_t i = 1; i < records.size(); ++i) {
    Record& record = records[i];
    if (record.version != out.version || record.commit != out.commit) {
      return Error{ErrorKind::kUsage,
                   fmt::format("a record is of relapse {} ({}), another of {} ({})", out.version,
                               out.commit, record.version, record.commit),
                   "run all of them with one and the same relapse"};
    }
    end_ms = std::max(end_ms, time_ms(record.started) + record.duration_ms);
    out.started = std::min(out.started, record.started);
    out.verdict = worse(out.verdict, record.verdict);
    std::move(record.scenarios.begin(), record.scenarios.end(), std::back_inserter(out.scenarios));
  }
  out.duration_ms = end_ms - time_ms(out.started);
  out.shard.reset();
  return out;
}

}  // namespace relapse::model
