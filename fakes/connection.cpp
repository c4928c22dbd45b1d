#include "fakes/connection.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <chrono>
#include <utility>

namespace relapse::fakes {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

// A client that neither sends on nor closes for so long after the connection's end is closed upon.
constexpr int kLingerMs = 2000;
// A reset waits until what was written has gone to the client's side (on loopback: at once, unless
// the client does not read). There is no event for it: looked at every 5 ms, for 30 s at most.
constexpr int kUnsentEveryMs = 5;
constexpr int kUnsentTries = 30'000 / kUnsentEveryMs;

// Bytes that were written and have not left; a reset would take them back.
int unsent_bytes(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQNSD, &bytes) == 0 ? bytes : 0;
}

int status_of(error_code error) {
  if (error == http::error::body_limit) {
    return 413;
  }
  return error == http::error::header_limit ? 431 : 400;
}

}  // namespace

Connection::Connection(Socket socket, Owner& owner)
    : socket_(std::make_shared<Socket>(std::move(socket))),
      owner_(&owner),
      deadline_(socket_->get_executor()) {
  error_code ignored;  // a client that is already gone shows at the first read
  client_port_ = socket_->remote_endpoint(ignored).port();
  server_port_ = socket_->local_endpoint(ignored).port();
  socket_->set_option(asio::ip::tcp::no_delay(true), ignored);
}

void Connection::stop() {
  owner_ = nullptr;
  close();
}

void Connection::arm_deadline(int after_ms) {
  deadline_.expires_after(std::chrono::milliseconds(after_ms));
  deadline_.async_wait([self = shared_from_this()](error_code error) {
    // A handler that was already due when the deadline was moved still runs.
    if (!error && self->deadline_.expiry() <= std::chrono::steady_clock::now()) {
      self->close();
    }
  });
}

void Connection::disarm_deadline() {
  deadline_.expires_at(std::chrono::steady_clock::time_point::max());
}

void Connection::read_request() {
  const ServerLimits& limits = owner_->parts().limits;
  parser_.emplace();
  parser_->body_limit(limits.body_bytes_max);
  parser_->header_limit(limits.header_bytes_max);
  arm_deadline(limits.idle_ms);
  http::async_read_header(
      *socket_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_header(error); });
}

void Connection::on_header(error_code error) {
  if (!owner_ || error) {
    refuse(error);
    return;
  }
  if (!boost::beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    read_body();
    return;
  }
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  asio::async_write(*socket_, asio::buffer(kContinue),
                    [self = shared_from_this()](error_code write_error, std::size_t) {
                      if (!self->owner_ || write_error) {
                        self->refuse(write_error);
                      } else {
                        self->read_body();
                      }
                    });
}

void Connection::read_body() {
  http::async_read(
      *socket_, buffer_, *parser_,
      [self = shared_from_this()](error_code error, std::size_t) { self->on_request(error); });
}

std::shared_ptr<Request> Connection::take_request() {
  auto& message = parser_->get();
  auto request = std::make_shared<Request>();
  request->method = std::string(message.method_string());
  request->target = std::string(message.target());
  for (const auto& field : message) {
    request->headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  request->body = std::move(message.body());
  return request;
}

void Connection::on_request(error_code error) {
  if (!owner_ || error) {
    refuse(error);
    return;
  }
  disarm_deadline();
  auto request = take_request();
  Behaviour behaviour = owner_->arrived(*request);
  if (!owner_) {
    return;
  }
  std::optional<Response> instead;
  if (behaviour.answers_by_itself()) {
    instead = behaviour.answer(*owner_->parts().service);
  }
  answer(std::move(request), behaviour, std::move(instead), parser_->get().keep_alive());
}

// What was read is no request (or nothing: the client went, or we did).
void Connection::refuse(error_code error) {
  bool is_http = error.category() == make_error_code(http::error::bad_version).category();
  if (!owner_ || !is_http || error == http::error::end_of_stream ||
      error == http::error::partial_message) {
    close();
    return;
  }
  disarm_deadline();
  Response response = owner_->parts().service->error(status_of(error), error.message());
  answer(take_request(), Behaviour{}, std::move(response), /*keep_alive=*/false);
}

void Connection::answer(std::shared_ptr<Request> request, const Behaviour& behaviour,
                        std::optional<Response> instead, bool keep_alive) {
  const ServerParts& parts = owner_->parts();
  model::Call call;
  call.fake = parts.name;
  call.method = request->method;
  call.target = request->target;
  call.request_body = request->body;
  call.request_bytes = request->body.size();
  call.user_agent = std::string(request->header("User-Agent"));
  call.client_port = client_port_;
  call.server_port = server_port_;

  Delivery::Terms terms;
  terms.http_1_0 = parser_->get().version() < 11;
  terms.head = request->method == "HEAD";
  terms.keep_alive = keep_alive && !terms.http_1_0;
  std::size_t index = parts.log->begin(std::move(call));
  if (!owner_) {
    return;
  }
  delivery_ = std::make_shared<Delivery>(socket_, behaviour, terms, *parts.log, index, parts.gate);
  auto delivery = delivery_;  // the service may stop the server
  delivery->start([this](Delivery::End end) { on_over(end); });
  watch_peer();
  Exchange exchange(std::move(request), delivery);
  if (instead) {
    exchange.reply(*std::move(instead));
  } else if (!behaviour.cuts_before_reply()) {
    parts.service->handle(std::move(exchange));
  }
}

// The delivery holds no reference to its connection: it must not call back once that is gone,
// which close() sees to.
void Connection::on_over(Delivery::End end) {
  delivery_->detach();
  delivery_.reset();
  switch (end) {
    case Delivery::End::kKeepAlive:
      read_request();
      break;
    case Delivery::End::kClose:
      close_in_order();
      break;
    case Delivery::End::kReset:
      reset_when_sent(kUnsentTries);
      break;
    case Delivery::End::kAbandoned:
      close();
      break;
  }
}

// While a reply is pending nobody reads; this sees a client that gives up. Its end of file alone
// says little (it may still read), so that is only noted; a reset ends the connection.
void Connection::watch_peer() {
  if (watching_peer_ || peer_closed_) {
    return;
  }
  watching_peer_ = true;
  socket_->async_wait(Socket::wait_read,
                      [self = shared_from_this()](error_code error) { self->on_peer(error); });
}

void Connection::on_peer(error_code error) {
  watching_peer_ = false;
  if (!owner_ || error || !delivery_ || !delivery_->is_open()) {
    return;
  }
  char byte = 0;
  ssize_t got = ::recv(socket_->native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got == 0) {
    peer_closed_ = true;
  } else if (got < 0 && errno != EAGAIN && errno != EINTR) {
    owner_->parts().log->end(delivery_->call(), model::CallOutcome::kAbandoned);
    close();
  }
}

void Connection::close_in_order() {
  error_code ignored;  // the client may be gone
  socket_->shutdown(Socket::shutdown_send, ignored);
  drain();
}

// Closing with bytes unread would be a reset, and the client might lose the end of its reply.
void Connection::drain() {
  arm_deadline(kLingerMs);
  buffer_.clear();
  socket_->async_read_some(buffer_.prepare(size_t{16} << 10),
                           [self = shared_from_this()](error_code error, std::size_t) {
                             if (error) {
                               self->close();
                             } else {
                               self->drain();
                             }
                           });
}

void Connection::reset_when_sent(int tries_left) {
  if (!socket_->is_open()) {
    return;
  }
  if (tries_left > 0 && unsent_bytes(socket_->native_handle()) > 0) {
    deadline_.expires_after(std::chrono::milliseconds(kUnsentEveryMs));
    deadline_.async_wait([self = shared_from_this(), tries_left](error_code error) {
      if (!error) {
        self->reset_when_sent(tries_left - 1);
      }
    });
    return;
  }
  error_code ignored;
  socket_->set_option(asio::socket_base::linger(true, 0), ignored);
  close();
}

void Connection::close() {
  auto self = shared_from_this();  // the owner lets go of us
  deadline_.cancel();
  if (delivery_) {
    delivery_->detach();
    delivery_.reset();
  }
  error_code ignored;
  socket_->close(ignored);
  if (Owner* owner = std::exchange(owner_, nullptr)) {
    owner->closed(this);
  }
}

model::OpenCall Connection::describe() const {
  model::OpenCall open;
  open.call = delivery_->call();
  open.fake = owner_->parts().name;
  open.client_port = client_port_;
  open.server_port = server_port_;
  open.client_closed = peer_closed_;
  delivery_->describe(open);
  return open;
}

}  // namespace relapse::fakes
