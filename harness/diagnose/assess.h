#pragma once
// From a snapshot and what was seen before to a Diagnosis. Pure.
//
// proved    the set of waiters at the end of the chain is closed: only its own members could end
//           their waits, and none of them has a timer.
// evidence  time-outs or outsiders remain, and each of them was given its time:
//           - a time-out must be seen to fire twice without any effect, and not be longer now;
//           - except where an input that nobody writes is awaited and its holder in turn waits
//             for the waiter: then the waiter's time-outs are its own housekeeping, and the
//             holder's short ones are waited out once;
//           - outsiders get a floor, a longer one when they cannot be seen at all.
// progress  something runs, sleeps on a timer alone, writes to a disk, or has a reply scheduled;
//           or a server waits for connections (unless somebody reads its output to the end).

#include <optional>

#include "diagnose/wait_graph.h"
#include "model/diagnosis.h"

namespace relapse::diagnose {

struct Assessment {
  model::Diagnosis diagnosis;
  // The root depends on somebody who stands still, whatever the verdict: a stall, so far.
  bool still = false;
  int named_process = 0;  // host pid: whose quiet it is
  model::Cause candidate = model::Cause::kUnknown;
  std::string candidate_sentence;
};

Assessment assess(const Snapshot& snapshot, const History& history, const Settings& settings);

}  // namespace relapse::diagnose
