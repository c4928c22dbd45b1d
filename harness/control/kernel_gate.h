#pragma once
// The schedule gate over a real listener. Knows when the subject is quiet.
//
// Best (kRealTime): the subject on one CPU under SCHED_RR, the controller on the same CPU under
// SCHED_FIFO at a lower priority. That the controller runs at all then means that no thread of the
// subject can; /proc is asked only about threads that are not held, for what a priority does not
// show (a disk, a socket). Round robin, for under FIFO a thread that waits by spinning would never
// let the thread that it waits for begin. The lowest real-time priority and not the normal policy
// for the controller, so that other work on that CPU does not slow the decisions. Second (kIdle):
// no privilege; the controller on the subject's CPU under SCHED_IDLE, the same questions, /proc
// decisive. Last (kProcOnly): /proc alone. Each says so in the notes.

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "control/call_receiver.h"
#include "control/reply_source.h"
#include "control/schedule_gate.h"
#include "control/watchdog.h"
#include "os/task_probe.h"

namespace relapse::run {

// Real-time priorities. Only their order matters.
inline constexpr int kControllerPriority = 1;
inline constexpr int kSubjectPriority = 2;
inline constexpr int kReceiverPriority = 3;

enum class ControlMode { kRealTime, kProcOnly };

// The subject's threads, ascending, as this process numbers them.
using ThreadSource = std::function<std::vector<int>()>;

struct GateOptions {
  ReceiverOptions receiver;  // its CPU and priority are the gate's to fill in
  ThreadSource threads;
  ControlMode mode = ControlMode::kRealTime;
  int cpu = 0;
  // How long a choice waits for a thread that waits for a server. Once for every such wait: a
  // reply within it arrives before the next choice, so that its speed does not change the order.
  int network_patience_ms = 100;
  // The servers, where all that the subject can reach are ours: only a request that they have not
  // answered is worth any patience. Outlives the gate; none: not known.
  ReplySource* servers = nullptr;
};

class KernelGate : public ScheduleGate {
 public:
  // `root`: a pidfd of the subject's first process.
  static model::Result<std::unique_ptr<KernelGate>> open(os::SeccompListener listener, os::Fd root,
                                                         GateOptions options);

  // Puts the calling thread where a controller must run. Call it in the thread that runs one.
  void settle_controller_thread() const;
  // The controller is not kept off the CPU, but waits for somebody else. From its thread.
  void controller_lives();

  model::Result<Arrivals> receive(int wait_us) override;
  model::Result<bool> reply(const HeldCall& call, const Answer& answer) override;
  Stillness is_quiet(const std::set<int>& held) override;
  bool refused_listener() const override { return receiver_->refused_listener(); }
  std::string program(int tid) override;
  std::vector<std::string> notes() const override;

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    os::TaskState state;
    Clock::time_point since;  // of this episode
    bool given_up = false;    // its patience is spent
    int fruitless = 0;        // waits in a row that brought no call
  };

  KernelGate(os::SeccompListener listener, GateOptions options);
  void refresh_threads();
  enum class Verdict : std::uint8_t { kStill, kWait, kGone };
  enum class Servers : std::uint8_t { kMoved, kOwe, kAtRest };
  Servers look_at_servers();
  Stillness judge_all(const std::set<int>& held);
  Verdict judge(int tid, Clock::time_point now);
  void drop_to_normal();
  model::Result<bool> write_short(const HeldCall& call, int bytes);

  os::SeccompListener listener_;
  GateOptions options_;
  std::unique_ptr<CallReceiver> receiver_;
  os::TaskProbe probe_;
  std::map<int, Watched> watched_;
  std::set<int> outstanding_;  // threads whose calls were received and not yet answered
  std::vector<int> threads_;
  bool threads_stale_ = true;
  int retry_us_ = 0;
  std::optional<Servers> servers_;      // in this look at all threads
  std::uint64_t servers_activity_ = 0;  // at the last one
  std::atomic<bool> dropped_ = false;   // the watchdog took the subject off the real-time policy
  bool decided_while_busy_ = false;
  std::unique_ptr<Watchdog> watchdog_;  // last: it looks at what stands above
};

}  // namespace relapse::run
