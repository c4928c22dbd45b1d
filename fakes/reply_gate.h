#pragma once
// The seam by which replies become events of a schedule: the server asks before it sends.

#include <cstddef>
#include <functional>

#include "model/call.h"

namespace relapse::fakes {

class ReplyGate {
 public:
  virtual ~ReplyGate() = default;

  // The reply to `call` (number `index` in the log) is ready; the call's status is what will be
  // sent, 0 where the connection ends before a word. `go`, called at once or later, in
  // the event loop's thread, sends it: a reply that fits the socket's buffer is with the client
  // when `go` returns. Calling it twice, or after the server's end, does nothing; never calling
  // it holds the reply.
  virtual void ask(std::size_t index, const model::Call& call, std::function<void()> go) = 0;
};

}  // namespace relapse::fakes
