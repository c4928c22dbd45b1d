#include "os/thread_policy.h"

#include <sched.h>

#include <cerrno>
#include <thread>

namespace relapse::os {

namespace {

int set_policy(int tid, int policy, int priority) {
  sched_param parameter{};
  parameter.sched_priority = priority;
  return ::sched_setscheduler(tid, policy, &parameter) == 0 ? 0 : errno;
}

}  // namespace

int pin_to_cpu(int tid, int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(cpu), &set);
  return ::sched_setaffinity(tid, sizeof(set), &set) == 0 ? 0 : errno;
}

int set_fifo(int tid, int priority) {
  return set_policy(tid, SCHED_FIFO, priority);
}

int set_round_robin(int tid, int priority) {
  return set_policy(tid, SCHED_RR, priority);
}

int set_normal(int tid) {
  return set_policy(tid, SCHED_OTHER, 0);
}

bool may_use_real_time() {
  bool may = false;
  std::thread([&] { may = set_fifo(0, 1) == 0; }).join();
  return may;
}

}  // namespace relapse::os
