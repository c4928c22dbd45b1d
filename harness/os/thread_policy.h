#pragma once
// On which CPU and under which policy a thread runs: what makes "the supervisor runs" mean "the
// subject is quiet". Async-signal-safe, so that a child may call it between fork and exec.

namespace relapse::os {

// Each returns 0 or an errno. `tid` 0 is the calling thread. Threads started later inherit both.
int pin_to_cpu(int tid, int cpu);
int set_fifo(int tid, int priority);
int set_round_robin(int tid, int priority);
int set_normal(int tid);

// Whether this process may use a real-time policy here (privilege, RLIMIT_RTPRIO, the cgroup's
// budget). Tried in a short-lived thread, so that nothing of the caller changes.
bool may_use_real_time();

}  // namespace relapse::os
