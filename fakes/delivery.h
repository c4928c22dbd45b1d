#pragma once
// One reply on its way out of a server, as its behaviour wants it: held, delayed, admitted by the
// gate, then sent whole, slowly or in part. Internal to the server.
//
//   hold -> delay -> (the service's answer) -> gate -> sending -> over | stalled
//
// The service may answer at any time; what it says waits here until its turn.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fakes/body_shaper.h"
#include "fakes/call_log.h"
#include "fakes/http.h"
#include "fakes/reply_gate.h"
#include "fakes/stream_fault.h"

namespace relapse::fakes {

class Delivery : public ReplySink, public std::enable_shared_from_this<Delivery> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // What becomes of the connection.
  enum class End {
    kKeepAlive,
    kClose,      // in order: the client gets every byte, then the end
    kReset,      // the client gets every byte, then a reset
    kAbandoned,  // the client is gone
  };

  struct Terms {  // what the request allows
    bool http_1_0 = false;
    bool head = false;       // a HEAD request: no body in the reply
    bool keep_alive = true;  // never with HTTP/1.0
  };

  Delivery(std::shared_ptr<Socket> socket, Behaviour behaviour, Terms terms, CallLog& log,
           std::size_t call, ReplyGate* gate);

  // `over` is called once, never from inside start(), unless detach() came first.
  void start(std::function<void(End)> over);

  // The owner's end: nothing of the server is touched and `over` is not called after this.
  void detach();

  const std::optional<Hold>& hold() const { return behaviour_.hold; }
  bool is_held() const { return stage_ == Stage::kHold; }
  bool is_open() const { return stage_ != Stage::kOver; }
  void end_hold();

  std::size_t call() const { return call_; }
  void describe(model::OpenCall& open) const;

  // From the service.
  void begin(ReplyHead head) override;
  void write(std::string piece) override;
  void finish() override;
  void abandon() override;

 private:
  enum class Stage { kNew, kHold, kDelay, kService, kGate, kSend, kStalled, kOver };
  enum class Io { kIdle, kWriting, kPausing };  // pausing: between two slow pieces

  void begin_delay();
  void await_answer();
  void ask_gate();
  void open();
  void pump();
  void append(const BodyShaper::Step& step);
  std::string head_text() const;
  void on_written(boost::system::error_code error, std::size_t body_bytes, BodyShaper::After after);
  void wait_before_next();
  void end_by_cut();
  void end(End end, model::CallOutcome outcome);
  bool has_body() const;
  bool is_chunked() const { return !head_->length && !terms_.http_1_0; }

  std::shared_ptr<Socket> socket_;
  boost::asio::steady_timer timer_;
  Behaviour behaviour_;
  BodyShaper shaper_;
  Terms terms_;
  CallLog& log_;  // not touched once over_ is empty
  std::size_t call_;
  ReplyGate* gate_;
  std::function<void(End)> over_;
  Stage stage_ = Stage::kNew;
  std::optional<ReplyHead> head_;
  bool head_sent_ = false;
  bool complete_ = false;  // the service has said all
  bool abandoned_ = false;
  Io io_ = Io::kIdle;
  std::string out_;
};

}  // namespace relapse::fakes
