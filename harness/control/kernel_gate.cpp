#include "control/kernel_gate.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "os/foreign.h"
#include "os/proc.h"
#include "os/thread_policy.h"

namespace relapse::run {

using model::Result;
using os::TaskActivity;
using std::chrono::milliseconds;

namespace {

// How long a controller with work may stay off the CPU. Far above what a subject computes between
// two file system calls, far below any deadline.
constexpr int kSpinMs = 250;

// A thread that computes for so long while others are held is decided without: it may be spinning
// for what a held thread has yet to do. Longer than a time slice of every thread of a subject.
constexpr int kBusyMs = 100;

// A thread whose waits came to nothing this often in a row (a server's idle connection, a timer)
// is no longer waited for until it makes a call again.
constexpr int kFruitlessMax = 3;

// Between two looks at a subject that is not quiet: short at first, for most need microseconds.
constexpr int kRetryMinUs = 20;
constexpr int kRetryMaxUs = 2'000;

constexpr size_t kShortWriteBytesMax = size_t{1} << 20;

}  // namespace

Result<std::unique_ptr<KernelGate>> KernelGate::open(os::SeccompListener listener, os::Fd root,
                                                     GateOptions options) {
  std::unique_ptr<KernelGate> gate(new KernelGate(std::move(listener), std::move(options)));
  ReceiverOptions receiver = gate->options_.receiver;
  if (gate->options_.mode == ControlMode::kRealTime) {
    receiver.subject_cpu = gate->options_.cpu;
    receiver.fifo_priority = kReceiverPriority;
  }
  auto started = CallReceiver::start(gate->listener_, std::move(root), std::move(receiver));
  if (!started) {
    return started.error();
  }
  gate->receiver_ = std::move(*started);
  if (gate->options_.mode == ControlMode::kRealTime) {
    auto watchdog = Watchdog::start({kReceiverPriority, kSpinMs,
                                     [raw = gate.get()] { return raw->receiver_->held() > 0; },
                                     [raw = gate.get()] { raw->drop_to_normal(); }});
    if (!watchdog) {
      return watchdog.error();
    }
    gate->watchdog_ = std::move(*watchdog);
  }
  return gate;
}

KernelGate::KernelGate(os::SeccompListener listener, GateOptions options)
    : listener_(std::move(listener)), options_(std::move(options)) {}

void KernelGate::settle_controller_thread() const {
  if (options_.mode == ControlMode::kRealTime) {
    os::pin_to_cpu(0, options_.cpu);
    os::set_fifo(0, kControllerPriority);
  }
}

void KernelGate::controller_lives() {
  if (watchdog_) {
    watchdog_->beat();
  }
}

Result<Arrivals> KernelGate::receive(int wait_us) {
  controller_lives();
  Arrivals arrivals;
  arrivals.calls = receiver_->take(wait_us);
  for (const auto& call : arrivals.calls) {
    watched_.erase(call.tid);  // it made a call: its waits are fruitful again
    if (!outstanding_.insert(call.tid).second) {
      receiver_->answered();  // the thread's last call was interrupted: nobody waits for it
    }
  }
  arrivals.root_ended = receiver_->root_ended();
  if (receiver_->closed()) {
    arrivals.ended = true;
  } else if (receiver_->root_ended() && arrivals.calls.empty()) {
    refresh_threads();
    servers_.reset();
    auto now = Clock::now();
    arrivals.ended = std::all_of(threads_.begin(), threads_.end(),
                                 [&](int tid) { return judge(tid, now) == Verdict::kGone; });
  }
  return arrivals;
}

Result<bool> KernelGate::reply(const HeldCall& call, const Answer& answer) {
  receiver_->answered();
  outstanding_.erase(call.tid);
  retry_us_ = 0;
  if (call.call == "start") {
    threads_stale_ = true;
  }
  switch (answer.kind) {
    case Answer::Kind::kGo:
      return listener_.let_go(call.id);
    case Answer::Kind::kFail:
      return listener_.fail(call.id, answer.value);
    case Answer::Kind::kShortWrite:
      return write_short(call, answer.value);
  }
  return false;
}

// The file position belongs to the open file, which a duplicate shares: writing here moves it.
Result<bool> KernelGate::write_short(const HeldCall& call, int bytes) {
  size_t size =
      std::min<size_t>({static_cast<size_t>(std::max(bytes, 0)), call.bytes, kShortWriteBytesMax});
  std::vector<char> data(size);
  os::Fd copy = os::borrow_fd(call.tid, call.fd);
  if (!copy.valid() || !os::read_memory(call.tid, call.buffer, data.data(), size) ||
      !listener_.id_valid(call.id)) {
    return listener_.fail(call.id, EIO);
  }
  ssize_t written = ::write(copy.get(), data.data(), size);
  return written < 0 ? listener_.fail(call.id, errno) : listener_.answer(call.id, written);
}

void KernelGate::refresh_threads() {
  threads_ = options_.threads();
  for (auto entry = watched_.begin(); entry != watched_.end();) {
    bool lives = std::binary_search(threads_.begin(), threads_.end(), entry->first);
    if (!lives) {
      probe_.forget(entry->first);
    }
    entry = lives ? std::next(entry) : watched_.erase(entry);
  }
}

KernelGate::Verdict KernelGate::judge(int tid, Clock::time_point now) {
  Watched& watched = watched_[tid];
  bool real_time = options_.mode == ControlMode::kRealTime && !dropped_;
  os::TaskProbe::Manner manner;
  manner.closely = options_.network_patience_ms > 0 || !real_time;
  manner.woken_runs_first = real_time;
  auto state = probe_.look(tid, manner);
  if (state.activity == TaskActivity::kGone) {
    watched_.erase(tid);
    return Verdict::kGone;
  }
  if (state.activity == TaskActivity::kBusy) {
    // Its episode changes as it runs: what counts is how long it has been busy without a call.
    if (watched.state.activity != TaskActivity::kBusy) {
      watched.since = now;
      watched.given_up = false;
    }
    watched.state = state;
    bool computes = now - watched.since >= milliseconds(kBusyMs);
    if (computes && !watched.given_up) {
      watched.given_up = true;
      decided_while_busy_ = true;
    }
    return watched.given_up ? Verdict::kStill : Verdict::kWait;
  }
  bool same = watched.state.activity == state.activity && watched.state.episode == state.episode;
  if (!same) {
    watched.state = state;
    watched.since = now;
    watched.given_up = false;
  }
  if (state.activity != TaskActivity::kNetwork || watched.given_up ||
      watched.fruitless >= kFruitlessMax) {
    return Verdict::kStill;
  }
  const Servers servers = look_at_servers();
  if (servers == Servers::kAtRest) {
    return Verdict::kStill;
  }
  if (servers == Servers::kMoved ||
      now - watched.since < milliseconds(options_.network_patience_ms)) {
    return Verdict::kWait;
  }
  watched.given_up = true;
  ++watched.fruitless;
  return Verdict::kStill;
}

// At most once a look, however many threads wait for them.
KernelGate::Servers KernelGate::look_at_servers() {
  if (options_.servers == nullptr) {
    return Servers::kOwe;
  }
  if (!servers_) {
    const Replies replies = options_.servers->settle();
    const bool moved = replies.activity != servers_activity_;
    servers_activity_ = replies.activity;
    servers_ = moved ? Servers::kMoved : replies.unanswered == 0 ? Servers::kAtRest : Servers::kOwe;
  }
  return *servers_;
}

Stillness KernelGate::is_quiet(const std::set<int>& held) {
  Stillness still = judge_all(held);
  // A start was let go: only now that nobody runs is its thread sure to be in the list.
  while (still.quiet && threads_stale_) {
    auto before = threads_;
    refresh_threads();
    still = judge_all(held);  // also takes out who is gone, so that like is compared with like
    threads_stale_ = threads_ != before;
  }
  retry_us_ = still.quiet ? 0 : std::clamp(retry_us_ * 2, kRetryMinUs, kRetryMaxUs);
  still.retry_us = retry_us_;
  still.threads = threads_;
  return still;
}

Stillness KernelGate::judge_all(const std::set<int>& held) {
  Stillness still;
  still.quiet = true;
  still.more_may_come = false;
  servers_.reset();
  auto now = Clock::now();
  std::vector<int> gone;
  for (int tid : threads_) {
    if (held.count(tid) != 0) {
      continue;
    }
    switch (judge(tid, now)) {
      case Verdict::kGone:
        gone.push_back(tid);
        break;
      case Verdict::kWait:
        still.quiet = false;
        still.more_may_come = true;
        break;
      case Verdict::kStill:
        still.more_may_come = true;
        if (const auto& wakes_at = watched_[tid].state.wakes_at) {
          still.sleepers.push_back({tid, *wakes_at});
        }
        break;
    }
  }
  threads_.erase(std::remove_if(threads_.begin(), threads_.end(),
                                [&](int tid) {
                                  return std::find(gone.begin(), gone.end(), tid) != gone.end();
                                }),
                 threads_.end());
  return still;
}

std::string KernelGate::program(int tid) {
  auto name = os::read_proc_file(fmt::format("/proc/{}/comm", tid)).value_or("");
  return name.empty() ? name : name.substr(0, name.size() - 1);
}

// In the watchdog's thread. A thread begun meanwhile inherits whichever policy its parent has; the
// watchdog comes again if that keeps the controller away.
void KernelGate::drop_to_normal() {
  dropped_ = true;
  for (int tid : options_.threads()) {
    os::set_normal(tid);
  }
}

std::vector<std::string> KernelGate::notes() const {
  std::vector<std::string> out;
  if (options_.mode == ControlMode::kProcOnly) {
    out.emplace_back("no real-time policy for the subject: quiet was judged by /proc alone");
  }
  if (!listener_.wakes_synchronously()) {
    out.emplace_back("this kernel has no synchronous wake-up for held calls (Linux 6.6): slower");
  }
  if (dropped_) {
    out.emplace_back(
        "a thread kept the CPU while others were held: the subject went on under the normal "
        "policy");
  }
  if (decided_while_busy_) {
    out.push_back(
        fmt::format("a thread computed for {} ms without a call: it was not waited for", kBusyMs));
  }
  return out;
}

}  // namespace relapse::run
