#pragma once
// What was seen over time, as the analysis of one look needs it: plain data, kept by Progress.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relapse::diagnose {

struct Firing {
  double at_ms = 0;
  double after_ms = 0;  // the time-out that had been asked for
};

struct ThreadHistory {
  double still_ms = 0;          // since when it did not run at all
  std::vector<Firing> firings;  // a timed wait ended, and another was begun
};

struct ProcessHistory {
  double quiet_ms = 0;      // since it last did anything that counts
  double cpu_share = 0;     // of one processor, lately
  std::string last_effect;  // "wrote 12 bytes"
};

// What is known of the bytes that ever went into an input.
struct InputHistory {
  double watched_ms = 0;
  bool from_the_start = false;         // watched since before its process had done much
  bool touched = false;                // something was written or read
  std::optional<std::uint64_t> bytes;  // at least so many; 0 with from_the_start: none
};

struct History {
  std::map<int, ProcessHistory> processes;             // by host pid
  std::map<int, ThreadHistory> threads;                // by tid
  std::map<std::pair<int, int>, InputHistory> inputs;  // by host pid and descriptor

  const ProcessHistory& process(int host_pid) const;
  const ThreadHistory& thread(int tid) const;
};

}  // namespace relapse::diagnose
