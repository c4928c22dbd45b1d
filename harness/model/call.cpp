#include "model/call.h"

namespace relapse::model {

std::string_view to_word(CallOutcome outcome) {
  switch (outcome) {
    case CallOutcome::kPending:
      return "pending";
    case CallOutcome::kAnswered:
      return "answered";
    case CallOutcome::kCut:
      return "cut";
    case CallOutcome::kAbandoned:
      return "abandoned";
  }
  return "pending";
}

std::string_view to_word(ReplyState state) {
  switch (state) {
    case ReplyState::kService:
      return "service";
    case ReplyState::kDue:
      return "due";
    case ReplyState::kHeld:
      return "held";
    case ReplyState::kHeldOpen:
      return "held-open";
    case ReplyState::kGated:
      return "gated";
    case ReplyState::kSending:
      return "sending";
  }
  return "service";
}

}  // namespace relapse::model
