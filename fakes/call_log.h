#pragma once
// What the fakes of a trial were asked, in one order for all of them. The supervisor reads it for
// progress (`changes`) and after the trial as evidence (`calls`).

#include <cstdint>
#include <functional>
#include <vector>

#include "model/call.h"

namespace relapse::fakes {

class CallLog {
 public:
  // `now_ms`: time since the trial's start, the same that other observations are stamped with.
  explicit CallLog(std::function<double()> now_ms) : now_ms_(std::move(now_ms)) {}

  const std::vector<model::Call>& calls() const { return calls_; }

  // Counts everything that shows a live client: requests, bytes of replies, ends of replies.
  std::uint64_t changes() const { return changes_; }

  // Called after each change, from inside the server: it may look, and must not stop a server or
  // release a reply there (post that to the event loop).
  void on_change(std::function<void()> callback) { callback_ = std::move(callback); }

  // For the servers. `call` needs all that is known of the request but its time.
  std::size_t begin(model::Call call);
  void sent(std::size_t index, int status, std::uint64_t body_bytes);
  void end(std::size_t index, model::CallOutcome outcome);

 private:
  void changed();

  std::function<double()> now_ms_;
  std::function<void()> callback_;
  std::vector<model::Call> calls_;
  std::uint64_t changes_ = 0;
  std::size_t kept_body_bytes_ = 0;
};

}  // namespace relapse::fakes
