#pragma once
// A trial's hold on its subject's calls, from the world's description to the trace: joins the
// schedule session, which has threads of its own, with the event loop.

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>

#include "control/schedule_session.h"
#include "model/observation.h"
#include "model/plan.h"

namespace relapse::run {

class SubjectControl {
 public:
  // `over`: called once, from the event loop, when a session that was started has been joined;
  // an error means that control was lost while the subject lived. Not after the destructor.
  using Over = std::function<void(model::Result<>)>;

  // `plan` outlives it. `cpu`: where the subject is to run.
  // `log`: of the trial's fakes; null where it has none.
  SubjectControl(boost::asio::io_context& io, const model::CallControl& plan,
                 const fakes::CallLog* log, double deadline_ms, int cpu, Over over);
  // The world must be dead by then, or its held calls fail.
  ~SubjectControl();
  SubjectControl(const SubjectControl&) = delete;
  SubjectControl& operator=(const SubjectControl&) = delete;

  // What the world is to do before it starts the subject.
  model::Result<model::WorldControl> world_control();
  // Where the fakes are to ask; null: their replies are not decided. After world_control().
  fakes::ReplyGate* reply_gate() { return plan_.replies ? replies_.get() : nullptr; }
  void take_listener(os::Fd listener) { listener_ = std::move(listener); }
  // Once exec has succeeded, which is after the listener's arrival: the subject waits at its first
  // call. Starts nothing where the subject has ended already.
  model::Result<> start(int init_pid, const os::Fd& subject);
  // Every process of the world is dead: there is nothing left to decide.
  void world_is_gone();

  bool over() const { return !session_; }
  void tell(model::Observation& observation);

 private:
  void finish();

  boost::asio::io_context& io_;
  const model::CallControl& plan_;
  const fakes::CallLog* log_;
  double deadline_ms_;
  int cpu_;
  Over over_;
  os::Fd listener_;
  fault::SyscallErrors errors_;          // before the session, which counts with it
  std::unique_ptr<ReplyQueue> replies_;  // as well
  std::unique_ptr<ScheduleSession> session_;
  boost::asio::posix::stream_descriptor done_;
  std::optional<ScheduleOutcome> outcome_;
};

}  // namespace relapse::run
