#pragma once
// Receives held calls the moment they are notified, and answers at once those that are nobody's
// business: paths outside the world's folders, getrandom, changes of scheduling policy.
//
// A thread of its own, because a call that is notified but not yet received is still open to
// signals: a supervisor that receives only when the subject is idle makes correct programs fail
// ("Cannot fork"). It runs on the subject's CPU above the subject's priority.

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "control/schedule_gate.h"
#include "model/result.h"
#include "os/fd.h"
#include "os/held_call.h"
#include "os/seccomp_listener.h"

namespace relapse::run {

struct ReceiverOptions {
  std::vector<std::string> folders;   // points elsewhere are let go at once
  std::vector<std::string> anywhere;  // names of calls that are points wherever they happen
  std::uint64_t seed = 0;             // for getrandom
  int subject_cpu = -1;               // -1: wherever it likes
  int fifo_priority = 0;              // 0: the normal policy
};

class CallReceiver {
 public:
  // `root`: a pidfd of the subject's first process.
  static model::Result<std::unique_ptr<CallReceiver>> start(os::SeccompListener& listener,
                                                            os::Fd root, ReceiverOptions options);
  ~CallReceiver();
  CallReceiver(const CallReceiver&) = delete;
  CallReceiver& operator=(const CallReceiver&) = delete;

  // What was held since the last time; waits at most `wait_us` for the first.
  std::vector<HeldCall> take(int wait_us);
  bool root_ended() const { return root_ended_; }
  bool closed() const { return closed_; }  // no thread of the subject is left under the filter
  bool refused_listener() const { return refused_listener_; }
  int held() const { return held_; }  // handed over, taken or not, and not answered
  void answered() { --held_; }

 private:
  CallReceiver(os::SeccompListener& listener, os::Fd root, ReceiverOptions options);
  void loop();
  bool receive_one();
  void dispose(const os::Notification& notification);
  bool is_point(const os::ResolvedCall& call) const;
  void fill_random(const os::Notification& notification);
  void hand_over(HeldCall* call);

  os::SeccompListener& listener_;
  os::Fd root_;
  ReceiverOptions options_;
  os::Pipe stop_;
  // Pointers to HeldCall. A pipe and no mutex: the controller runs below the subject's priority,
  // and a lock that it held while preempted would keep this thread from receiving.
  os::Pipe calls_;
  std::atomic<bool> root_ended_ = false;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> refused_listener_ = false;
  std::atomic<int> held_ = 0;
  std::set<int> begun_;  // threads that were held at their first call
  std::uint64_t random_calls_ = 0;
  std::thread thread_;
};

}  // namespace relapse::run
