#pragma once
// Which processors subjects under call control run on. A subject there has a real-time policy, so
// that whoever else is on that processor waits: one subject each, and relapse itself elsewhere.

#include <sched.h>

#include <vector>

namespace relapse::run {

// All that this process may use but the first; where it may use one alone, that one.
std::vector<int> control_cpus();

// Keeps the calling thread off them while it lives; threads begun meanwhile start elsewhere too.
class OffControlCpus {
 public:
  OffControlCpus();
  ~OffControlCpus();
  OffControlCpus(const OffControlCpus&) = delete;
  OffControlCpus& operator=(const OffControlCpus&) = delete;

 private:
  cpu_set_t before_{};
  bool changed_ = false;
};

}  // namespace relapse::run
