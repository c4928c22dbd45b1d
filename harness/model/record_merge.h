#pragma once
// One record of several: of the shards of one run, or of runs of several subjects.

#include <vector>

#include "model/record.h"

namespace relapse::model {

// Every entry is kept, also where two records hold the same one: a shard that failed and was run
// again stays failed. The verdict is the worst. `started` is the earliest, the duration runs to
// the last end. Host, command and seed are the first record's; each entry's replay has its own.
//
// An error: no record at all, or records of different versions of relapse (kUsage); a shard that
// none of them is (kUnavailable), for what has not run is not green.
Result<Record> merge_records(std::vector<Record> records);

}  // namespace relapse::model
