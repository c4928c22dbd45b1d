#pragma once
// Holds the fakes' replies for a schedule: between the event loop, where the fakes live, and the
// controller's thread, which decides.
//
// The controller asks through one pipe and reads the answer from another. No mutex, for the
// controller runs below the subject's priority, and a lock that it held while preempted would
// stop the event loop. Loopback hands bytes over within the sender's call, so that nothing is on
// its way when the subject is quiet and the event loop has nothing left to do: that is what
// `settle` waits for.

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "control/reply_source.h"
#include "fakes/call_log.h"
#include "fakes/reply_gate.h"
#include "model/result.h"

namespace relapse::run {

class ReplyQueue : public fakes::ReplyGate, public ReplySource {
 public:
  // `log`: of the fakes whose replies are held. Both outlive the queue.
  static model::Result<std::unique_ptr<ReplyQueue>> open(boost::asio::io_context& loop,
                                                         const fakes::CallLog& log);
  ~ReplyQueue() override;  // in the event loop's thread, when no controller is left
  ReplyQueue(const ReplyQueue&) = delete;
  ReplyQueue& operator=(const ReplyQueue&) = delete;

  // Before the controller's first question. `waiting` is called in its thread now and then while
  // it waits for the event loop; false: it need not wait any longer.
  void on_wait(std::function<bool()> waiting);

  // In the event loop's thread.
  void ask(std::size_t index, const model::Call& call, std::function<void()> go) override;

  // In the controller's.
  Replies settle() override;
  bool deliver(std::uint64_t id) override;

 private:
  class Core;
  explicit ReplyQueue(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  std::shared_ptr<Core> core_;  // outlives a handler in the middle of which the trial ends
};

}  // namespace relapse::run
