#include "fakes/delivery.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <utility>

namespace relapse::fakes {

using model::CallOutcome;
using model::OpenCall;
using model::ReplyState;

Delivery::Delivery(std::shared_ptr<Socket> socket, Behaviour behaviour, Terms terms, CallLog& log,
                   std::size_t call, ReplyGate* gate)
    : socket_(std::move(socket)),
      timer_(socket_->get_executor()),
      behaviour_(std::move(behaviour)),
      shaper_(behaviour_),
      terms_(terms),
      log_(log),
      call_(call),
      gate_(gate) {}

void Delivery::start(std::function<void(End)> over) {
  over_ = std::move(over);
  if (behaviour_.hold) {
    stage_ = Stage::kHold;
  } else {
    begin_delay();
  }
}

void Delivery::detach() {
  over_ = nullptr;
  stage_ = Stage::kOver;
  timer_.cancel();
}

void Delivery::end_hold() {
  if (stage_ == Stage::kHold) {
    begin_delay();
  }
}

void Delivery::begin_delay() {
  if (behaviour_.delay_ms == 0) {
    await_answer();
    return;
  }
  stage_ = Stage::kDelay;
  timer_.expires_after(std::chrono::milliseconds(behaviour_.delay_ms));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && self->stage_ == Stage::kDelay) {
      self->await_answer();
    }
  });
}

void Delivery::await_answer() {
  stage_ = Stage::kService;
  if (behaviour_.cuts_before_reply() || head_ || abandoned_) {
    ask_gate();
  }
}

void Delivery::ask_gate() {
  stage_ = Stage::kGate;
  if (gate_ == nullptr) {
    open();
    return;
  }
  model::Call call = log_.calls().at(call_);
  call.status = head_ && !behaviour_.cuts_before_reply() ? head_->status : 0;
  gate_->ask(call_, call, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (self && self->stage_ == Stage::kGate) {
      self->open();
    }
  });
}

void Delivery::open() {
  stage_ = Stage::kSend;
  if (behaviour_.cuts_before_reply()) {
    end_by_cut();
  } else if (abandoned_ && !head_) {
    end(End::kClose, CallOutcome::kCut);
  } else {
    pump();
  }
}

void Delivery::begin(ReplyHead head) {
  head_ = std::move(head);
  if (behaviour_.content_type) {
    std::erase_if(head_->headers, [](const Header& each) { return each.name == "Content-Type"; });
    head_->headers.push_back({"Content-Type", *behaviour_.content_type});
  }
  for (const Header& header : behaviour_.headers) {
    head_->headers.push_back(header);
  }
  if (!has_body()) {
    shaper_.finish();
  }
  if (stage_ == Stage::kService) {
    ask_gate();
  }
}

void Delivery::write(std::string piece) {
  if (has_body()) {
    shaper_.push(std::move(piece));
    pump();
  }
}

void Delivery::finish() {
  complete_ = true;
  shaper_.finish();
  pump();
}

void Delivery::abandon() {
  abandoned_ = true;
  complete_ = true;
  if (stage_ == Stage::kService) {
    ask_gate();
  } else {
    pump();
  }
}

bool Delivery::has_body() const {
  return !terms_.head && head_->status != 204 && head_->status != 304;
}

std::string Delivery::head_text() const {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", head_->status, reason_phrase(head_->status));
  for (const Header& header : head_->headers) {
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  if (is_chunked()) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (head_->length && head_->status != 204 && head_->status != 304) {
    auto length = static_cast<std::int64_t>(*head_->length) + behaviour_.length_add;
    text += fmt::format("Content-Length: {}\r\n", std::max<std::int64_t>(length, 0));
  }
  if (!terms_.keep_alive) {
    text += "Connection: close\r\n";
  }
  return text + "\r\n";
}

void Delivery::pump() {
  if (stage_ != Stage::kSend || io_ != Io::kIdle || !head_) {
    return;
  }
  if (head_->length && !complete_) {
    return;  // a whole reply goes out together with its head, as servers send it
  }
  out_.clear();
  if (!head_sent_) {
    out_ = head_text();
  }
  BodyShaper::Step step = shaper_.next();
  append(step);
  if (out_.empty() && step.after == BodyShaper::After::kMore) {
    if (abandoned_) {
      end(End::kClose, CallOutcome::kCut);
    }
    return;
  }
  head_sent_ = true;
  io_ = Io::kWriting;
  // Not moved through the loop: the write is tried at once, which ReplyGate promises.
  auto buffer = boost::asio::buffer(out_);
  boost::asio::async_write(
      *socket_, buffer,
      [self = shared_from_this(), size = step.bytes.size(), after = step.after](
          boost::system::error_code error, std::size_t /*bytes*/) {
        self->on_written(error, size, after);
      });
}

void Delivery::append(const BodyShaper::Step& step) {
  if (!is_chunked()) {
    out_ += step.bytes;
    return;
  }
  if (!step.bytes.empty()) {
    out_ += fmt::format("{:x}\r\n", step.bytes.size());
    out_ += step.bytes;
    out_ += "\r\n";
  }
  if (step.after == BodyShaper::After::kEnd && has_body()) {
    out_ += "0\r\n\r\n";
  }
}

void Delivery::on_written(boost::system::error_code error, std::size_t body_bytes,
                          BodyShaper::After after) {
  io_ = Io::kIdle;
  if (stage_ != Stage::kSend) {
    return;
  }
  if (error) {
    end(End::kAbandoned, CallOutcome::kAbandoned);
    return;
  }
  log_.sent(call_, head_->status, body_bytes);
  if (stage_ != Stage::kSend) {
    return;
  }
  switch (after) {
    case BodyShaper::After::kMore:
      wait_before_next();
      break;
    case BodyShaper::After::kCut:
      end_by_cut();
      break;
    case BodyShaper::After::kEnd:
      if (behaviour_.length_add != 0 && head_->length) {
        end(End::kClose, CallOutcome::kCut);
      } else {
        end(terms_.keep_alive ? End::kKeepAlive : End::kClose, CallOutcome::kAnswered);
      }
      break;
  }
}

void Delivery::wait_before_next() {
  if (!behaviour_.slow) {
    pump();
    return;
  }
  io_ = Io::kPausing;
  timer_.expires_after(std::chrono::milliseconds(behaviour_.slow->every_ms));
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    self->io_ = Io::kIdle;
    if (!error) {
      self->pump();
    }
  });
}

void Delivery::end_by_cut() {
  switch (behaviour_.cut->how) {
    case Cut::How::kClose:
      end(End::kClose, CallOutcome::kCut);
      break;
    case Cut::How::kReset:
      end(End::kReset, CallOutcome::kCut);
      break;
    case Cut::How::kStall:
      stage_ = Stage::kStalled;
      break;
  }
}

// The owner hears of it through the loop: it never loses its delivery in the middle of a call.
void Delivery::end(End end, CallOutcome outcome) {
  stage_ = Stage::kOver;
  log_.end(call_, outcome);
  boost::asio::post(socket_->get_executor(), [self = shared_from_this(), end] {
    if (self->over_) {
      std::exchange(self->over_, nullptr)(end);
    }
  });
}

void Delivery::describe(OpenCall& open) const {
  auto due = [this, &open] {
    auto left = timer_.expiry() - std::chrono::steady_clock::now();
    open.state = ReplyState::kDue;
    open.due_in_ms = std::max(0.0, std::chrono::duration<double, std::milli>(left).count());
  };
  switch (stage_) {
    case Stage::kNew:
    case Stage::kService:
      open.state = ReplyState::kService;
      break;
    case Stage::kHold:
      open.state =
          behaviour_.hold->kind == Hold::Kind::kForever ? ReplyState::kHeldOpen : ReplyState::kHeld;
      open.waits_for = behaviour_.hold->text();
      break;
    case Stage::kDelay:
      due();
      break;
    case Stage::kGate:
      open.state = ReplyState::kGated;
      break;
    case Stage::kSend:
    case Stage::kOver:
      open.state = ReplyState::kSending;
      if (io_ == Io::kPausing) {
        due();
      } else if (io_ == Io::kIdle && stage_ == Stage::kSend) {
        open.state = ReplyState::kService;
      }
      break;
    case Stage::kStalled:
      open.state = ReplyState::kHeldOpen;
      break;
  }
}

}  // namespace relapse::fakes
