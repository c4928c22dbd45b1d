#pragma once
// One trial under a schedule: the threads that receive and decide, from the listener's arrival
// until the subject has ended. The event loop that owns the trial waits for `done_fd`.
//
// Whoever starts the subject installs, in the child and last before exec, the program of
// `schedule_filter` (as bytes, by seccomp(SECCOMP_SET_MODE_FILTER, os::notify_filter_flags(), …)),
// sends the listener's descriptor up, closes it, and calls exec: sendmsg, recvfrom, close and
// execve only, which no filter of ours notifies. CPU and policy may be set before (after the
// filter they are answered, not done) or by `start`: whichever comes first, the new program waits
// at its first call until somebody receives.

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/kernel_gate.h"
#include "control/predict.h"
#include "control/reply_queue.h"
#include "control/schedule_controller.h"
#include "os/seccomp_filter.h"

namespace relapse::run {

struct ScheduleSubject {
  os::Fd listener;
  int root_pid = 0;      // of the subject's first process, as we number it
  ThreadSource threads;  // none: root_pid's and its descendants'. In a world: those below PID 1
  std::vector<std::string> folders;  // points elsewhere are not held
};

struct SessionOptions {
  ScheduleLimits limits;
  int cpu = -1;                                    // -1: the last that this process may use
  ControlMode best_mode = ControlMode::kRealTime;  // what the host does not allow is not used
  bool predict = true;
  int network_patience_ms = 100;
  fault::SyscallErrors* errors = nullptr;    // outlives the session
  ReplyQueue* replies = nullptr;             // of all servers in reach; as well; none: not known
  bool decide_replies = false;               // the queue holds them until they are chosen
  std::vector<std::string> points_anywhere;  // calls that are points outside the folders too
};

// The program to install for a plan, and for rules that want further calls (by name).
model::Result<std::vector<sock_filter>> schedule_filter(const model::SchedulePlan& plan,
                                                        const std::vector<std::string>& calls);

class ScheduleSession {
 public:
  static model::Result<std::unique_ptr<ScheduleSession>> start(ScheduleSubject subject,
                                                               const model::SchedulePlan& plan,
                                                               SessionOptions options);
  // Stops and joins. If the subject still lives, its held calls fail with ENOSYS now: it must be
  // killed first.
  ~ScheduleSession();
  ScheduleSession(const ScheduleSession&) = delete;
  ScheduleSession& operator=(const ScheduleSession&) = delete;

  int done_fd() const { return done_.read.get(); }  // readable once the controller has ended
  void stop() { stop_ = true; }
  model::Result<ScheduleOutcome> finish();  // waits for the controller; once

  ControlMode mode() const { return mode_; }

 private:
  ScheduleSession() = default;

  ControlMode mode_ = ControlMode::kProcOnly;
  std::unique_ptr<KernelGate> gate_;
  std::optional<Predictor> predictor_;
  os::Pipe done_;
  std::atomic<bool> stop_ = false;
  std::optional<model::Result<ScheduleOutcome>> outcome_;  // the thread's, until it is joined
  std::thread thread_;
};

}  // namespace relapse::run
