#include "fakes/body_shaper.h"

#include <algorithm>
#include <utility>

namespace relapse::fakes {

void BodyShaper::push(std::string piece) {
  if (!piece.empty()) {
    pieces_.push_back(std::move(piece));
  }
}

BodyShaper::Step BodyShaper::next() {
  Step step;
  if (!pieces_.empty()) {
    std::string& piece = pieces_.front();
    std::size_t wanted = piece.size() - offset_;
    if (slow_) {
      wanted = std::min(wanted, slow_->bytes);
    }
    if (cut_ && cut_->after_bytes) {
      wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(wanted, *cut_->after_bytes - sent_));
    }
    bool last = offset_ + wanted == piece.size();
    step.bytes = wanted == piece.size() ? std::move(piece) : piece.substr(offset_, wanted);
    offset_ += wanted;
    sent_ += wanted;
    if (last) {
      pieces_.pop_front();
      offset_ = 0;
    }
  }
  if (cut_ && cut_->after_bytes && sent_ == *cut_->after_bytes) {
    step.after = After::kCut;
  } else if (pieces_.empty() && finished_) {
    step.after = After::kEnd;
  }
  return step;
}

}  // namespace relapse::fakes
