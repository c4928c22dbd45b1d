#include "control/schedule_session.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "os/point_calls.h"
#include "os/thread_policy.h"

namespace relapse::run {

using model::PointSet;
using model::Result;
using model::SchedulePlan;
using model::system_error;

namespace {

int last_usable_cpu() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof(set), &set) != 0) {
    return 0;
  }
  int last = 0;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    last = CPU_ISSET(static_cast<size_t>(cpu), &set) ? cpu : last;
  }
  return last;
}

// Set by whoever started it, where that one may and we may not. Between the two other priorities,
// or the controller would never run, or the receiver too late.
bool has_subject_policy(int tid) {
  sched_param parameter{};
  int policy = ::sched_getscheduler(tid);
  return (policy == SCHED_RR || policy == SCHED_FIFO) && ::sched_getparam(tid, &parameter) == 0 &&
         parameter.sched_priority == kSubjectPriority;
}

// The best mode that this host allows for this subject, and the subject set up for it. One CPU in
// any case: what cannot run at once needs no deciding.
ControlMode take_control(int tid, int cpu, ControlMode best) {
  bool pinned = os::pin_to_cpu(tid, cpu) == 0;
  bool real_time = pinned && best == ControlMode::kRealTime && os::may_use_real_time() &&
                   (os::set_round_robin(tid, kSubjectPriority) == 0 || has_subject_policy(tid));
  return real_time ? ControlMode::kRealTime : ControlMode::kProcOnly;
}

}  // namespace

Result<std::vector<sock_filter>> schedule_filter(const SchedulePlan& plan,
                                                 const std::vector<std::string>& calls) {
  os::FilterPoints points;
  points.mutations = plan.strategy != "free";
  points.reads = points.mutations && plan.points == PointSet::kReads;
  points.policy = points.mutations;
  for (const auto& call : calls) {
    auto numbers = os::numbers_of_call(call);
    if (!numbers) {
      return numbers.error();
    }
    points.more_numbers.insert(points.more_numbers.end(), numbers->begin(), numbers->end());
  }
  return os::build_notify_filter(points);
}

Result<std::unique_ptr<ScheduleSession>> ScheduleSession::start(ScheduleSubject subject,
                                                                const SchedulePlan& plan,
                                                                SessionOptions options) {
  std::unique_ptr<ScheduleSession> session(new ScheduleSession);
  auto listener = os::SeccompListener::adopt(std::move(subject.listener));
  if (!listener) {
    return listener.error();
  }
  os::Fd root(static_cast<int>(::syscall(SYS_pidfd_open, subject.root_pid, 0)));
  if (!root.valid()) {
    return system_error("pidfd_open of the subject", errno);
  }
  auto done = os::make_pipe();
  if (!done) {
    return done.error();
  }
  session->done_ = std::move(*done);
  if (options.predict) {
    auto predictor = Predictor::open(subject.root_pid);
    if (!predictor) {
      return predictor.error();
    }
    session->predictor_.emplace(std::move(*predictor));
  }
  GateOptions gate_options;
  gate_options.cpu = options.cpu >= 0 ? options.cpu : last_usable_cpu();
  bool decides = plan.strategy != "free";
  gate_options.mode = decides ? take_control(subject.root_pid, gate_options.cpu, options.best_mode)
                              : ControlMode::kProcOnly;
  // Where replies are decided, who waits for one waits for the controller.
  gate_options.network_patience_ms = options.decide_replies ? 0 : options.network_patience_ms;
  gate_options.servers = options.decide_replies ? nullptr : options.replies;
  gate_options.receiver.folders = std::move(subject.folders);
  gate_options.receiver.anywhere = std::move(options.points_anywhere);
  gate_options.receiver.seed = plan.seed;
  gate_options.threads = std::move(subject.threads);
  if (!gate_options.threads) {
    gate_options.threads = [pid = subject.root_pid] {
      return os::threads_of_tree(pid, os::Root::kIncluded);
    };
  }
  session->mode_ = gate_options.mode;
  auto gate = KernelGate::open(std::move(*listener), std::move(root), std::move(gate_options));
  if (!gate) {
    return gate.error();
  }
  session->gate_ = std::move(*gate);
  ScheduleHooks hooks;
  hooks.errors = options.errors;
  hooks.replies = options.decide_replies ? options.replies : nullptr;
  if (options.replies != nullptr) {
    options.replies->on_wait([raw = session.get()] {
      raw->gate_->controller_lives();
      return !raw->stop_.load();
    });
  }
  hooks.stop = [raw = session.get()] { return raw->stop_.load(); };
  if (session->predictor_) {
    hooks.predict = [raw = session.get()](const HeldCall& call) {
      return raw->predictor_->predict(call);
    };
  }
  session->thread_ = std::thread([raw = session.get(), plan, limits = options.limits,
                                  hooks = std::move(hooks)]() mutable {
    raw->gate_->settle_controller_thread();
    raw->outcome_.emplace(ScheduleController(*raw->gate_, plan, limits, std::move(hooks)).run());
    raw->done_.write.reset();  // the reader sees the end
  });
  return session;
}

ScheduleSession::~ScheduleSession() {
  stop_ = true;
  if (thread_.joinable()) {
    thread_.join();
  }
}

Result<ScheduleOutcome> ScheduleSession::finish() {
  if (thread_.joinable()) {
    thread_.join();
  }
  if (!outcome_) {
    return model::Error{model::ErrorKind::kSystem, "a schedule was finished twice", "", "", 0};
  }
  auto outcome = std::move(*outcome_);
  outcome_.reset();
  return outcome;
}

}  // namespace relapse::run
