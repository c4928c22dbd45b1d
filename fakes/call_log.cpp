#include "fakes/call_log.h"

#include <utility>

namespace relapse::fakes {

namespace {
// A subject that loops on a large request must not fill our memory: bodies beyond this, summed
// over the trial, are counted and not kept. Four of the largest that a server takes fit.
constexpr std::size_t kKeptBodyBytesMax = std::size_t{256} << 20;
}  // namespace

std::size_t CallLog::begin(model::Call call) {
  call.at_ms = now_ms_();
  if (call.request_body.size() > kKeptBodyBytesMax - kept_body_bytes_) {
    call.request_body.clear();
  }
  kept_body_bytes_ += call.request_body.size();
  calls_.push_back(std::move(call));
  changed();
  return calls_.size() - 1;
}

void CallLog::sent(std::size_t index, int status, std::uint64_t body_bytes) {
  model::Call& call = calls_.at(index);
  call.status = status;
  call.reply_bytes += body_bytes;
  changed();
}

void CallLog::end(std::size_t index, model::CallOutcome outcome) {
  model::Call& call = calls_.at(index);
  call.outcome = outcome;
  call.answered_at_ms = now_ms_();
  changed();
}

void CallLog::changed() {
  ++changes_;
  if (callback_) {
    callback_();
  }
}

}  // namespace relapse::fakes
