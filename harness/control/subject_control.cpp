#include "control/subject_control.h"

#include <fcntl.h>

#include <cerrno>

#include "os/proc.h"
#include "os/task_probe.h"
#include "os/thread_policy.h"

namespace relapse::run {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

// The trial's own deadline ends a subject; the controller's is behind it, for the case that the
// world does not die.
constexpr double kAfterTrialMs = 10'000;

}  // namespace

SubjectControl::SubjectControl(boost::asio::io_context& io, const model::CallControl& plan,
                               const fakes::CallLog* log, double deadline_ms, int cpu, Over over)
    : io_(io),
      plan_(plan),
      log_(log),
      deadline_ms_(deadline_ms),
      cpu_(cpu),
      over_(std::move(over)),
      errors_(plan.errors),
      done_(io) {}

SubjectControl::~SubjectControl() = default;

Result<model::WorldControl> SubjectControl::world_control() {
  if (log_ != nullptr) {
    auto replies = ReplyQueue::open(io_, *log_);
    if (!replies) {
      return replies.error();
    }
    replies_ = std::move(*replies);
  }
  auto filter = schedule_filter(plan_.schedule, plan_.calls);
  if (!filter) {
    return filter.error();
  }
  const std::string bytes = os::filter_bytes(*filter);
  model::WorldControl control;
  control.filter.assign(bytes.begin(), bytes.end());
  control.cpu = cpu_;
  control.fifo_priority = os::may_use_real_time() ? kSubjectPriority : 0;
  return control;
}

Result<> SubjectControl::start(int init_pid, const os::Fd& subject) {
  const auto pid = os::pid_of_pidfd(subject.get());
  if (!pid) {
    return Done{};
  }
  if (!listener_.valid()) {
    return Error{ErrorKind::kSystem, "the world sent no listener for its subject's calls"};
  }
  ScheduleSubject under_control;
  under_control.listener = std::move(listener_);
  under_control.root_pid = *pid;
  under_control.threads = [init_pid] { return os::threads_of_tree(init_pid, os::Root::kExcluded); };
  under_control.folders = plan_.folders;
  SessionOptions options;
  options.limits.deadline_ms = static_cast<int>(deadline_ms_ + kAfterTrialMs);
  options.cpu = cpu_;
  options.predict = plan_.predict;
  options.replies = replies_.get();
  options.decide_replies = plan_.replies && replies_;
  options.points_anywhere = plan_.anywhere;
  options.errors = plan_.errors.empty() ? nullptr : &errors_;
  auto session = ScheduleSession::start(std::move(under_control), plan_.schedule, options);
  if (!session) {
    // It may have been killed in between; whatever ended it is told by the world.
    return os::pid_of_pidfd(subject.get()) ? Result<>(session.error()) : Result<>(Done{});
  }
  os::Fd watched(::fcntl((*session)->done_fd(), F_DUPFD_CLOEXEC, 0));
  if (!watched.valid()) {
    return model::system_error("duplicate a descriptor", errno);
  }
  session_ = std::move(*session);
  done_.assign(watched.release());
  done_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this](const boost::system::error_code& error) {
                     if (!error) {
                       finish();
                     }
                   });
  return Done{};
}

void SubjectControl::world_is_gone() {
  if (session_) {
    session_->stop();
  }
}

void SubjectControl::finish() {
  auto outcome = session_->finish();
  session_.reset();
  if (outcome) {
    outcome_ = std::move(*outcome);
  }
  over_(outcome ? Result<>(Done{}) : Result<>(outcome.error()));
}

void SubjectControl::tell(model::Observation& observation) {
  if (outcome_) {
    observation.trace = std::move(outcome_->trace);
    observation.held = std::move(outcome_->held);
    observation.error_calls = errors_.seen();
  }
}

}  // namespace relapse::run
