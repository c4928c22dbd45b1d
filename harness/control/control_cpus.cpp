#include "control/control_cpus.h"

namespace relapse::run {

namespace {

std::vector<int> usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (::sched_getaffinity(0, sizeof(set), &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<size_t>(cpu), &set)) {
        cpus.push_back(cpu);
      }
    }
  }
  return cpus;
}

}  // namespace

std::vector<int> control_cpus() {
  // As they were at first: OffControlCpus takes them out of our own set.
  static const std::vector<int> kCpus = [] {
    auto cpus = usable_cpus();
    if (cpus.size() > 1) {
      cpus.erase(cpus.begin());
    }
    return cpus.empty() ? std::vector<int>{0} : cpus;
  }();
  return kCpus;
}

OffControlCpus::OffControlCpus() {
  const auto control = control_cpus();
  if (::sched_getaffinity(0, sizeof(before_), &before_) != 0) {
    return;
  }
  cpu_set_t rest = before_;
  for (int cpu : control) {
    CPU_CLR(static_cast<size_t>(cpu), &rest);
  }
  changed_ = CPU_COUNT(&rest) > 0 && ::sched_setaffinity(0, sizeof(rest), &rest) == 0;
}

OffControlCpus::~OffControlCpus() {
  if (changed_) {
    (void)::sched_setaffinity(0, sizeof(before_), &before_);  // it was allowed before
  }
}

}  // namespace relapse::run
