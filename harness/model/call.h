#pragma once
// A request that the subject made to a fake, and what became of it: evidence for expectations,
// for progress, and for the diagnosis of a subject that waits for a reply. Plain data.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace relapse::model {

enum class CallOutcome {
  kPending,    // the reply is not out, or not wholly
  kAnswered,   // the last byte of the reply was handed to the kernel
  kCut,        // the fake ended the connection early: the fault that the scenario asks for
  kAbandoned,  // the client was gone before the reply was out
};

struct Call {
  std::string fake;          // "model", "control_plane", "storage"
  double at_ms = 0;          // since the trial's start: when the request was complete
  std::string method;        // empty: what came in was no HTTP request
  std::string target;        // path and query, as sent
  std::string request_body;  // empty beyond what the log may keep; `request_bytes` is exact
  std::size_t request_bytes = 0;
  std::string user_agent;
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
  int status = 0;                        // on the wire; 0: no status line went out
  std::uint64_t reply_bytes = 0;         // of the body, so far
  std::optional<double> answered_at_ms;  // when the outcome was settled
  CallOutcome outcome = CallOutcome::kPending;
};

// Why a pending call's reply is not out yet.
enum class ReplyState {
  kService,   // the fake has not made its answer
  kDue,       // scheduled: `due_in_ms` says when it goes on
  kHeld,      // kept back until something happens that `waits_for` names
  kHeldOpen,  // kept back for ever, whole or after some bytes
  kGated,     // ready; the schedule decides when it is delivered
  kSending,   // on its way; the client has to read
};

struct OpenCall {
  std::size_t call = 0;  // index in the log
  std::string fake;
  ReplyState state = ReplyState::kService;
  std::optional<double> due_in_ms;
  std::string waits_for;  // for people: "3 requests GET /skills/*"; empty where nothing is named
  std::uint16_t client_port = 0;
  std::uint16_t server_port = 0;
  bool client_closed = false;  // the client has ended its side of the connection
};

// "pending", "answered", "cut", "abandoned"; "service", "due", "held", "held-open", "gated",
// "sending".
std::string_view to_word(CallOutcome outcome);
std::string_view to_word(ReplyState state);

}  // namespace relapse::model
