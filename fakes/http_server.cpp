#include "fakes/http_server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <set>
#include <utility>

#include "fakes/connection.h"

namespace relapse::fakes {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::system_error;

namespace {

// After accept() failed (no descriptors left): long enough not to spin.
constexpr int kAcceptPauseMs = 50;

Result<tcp> protocol_of(int listener) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (::getsockopt(listener, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return system_error("a fake's listening socket", errno);
  }
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return system_error("the address of a fake's listening socket", errno);
  }
  bool inet = address.ss_family == AF_INET || address.ss_family == AF_INET6;
  if (listening == 0 || !inet) {
    return Error{ErrorKind::kSystem, "a fake was handed a socket that is no TCP listener"};
  }
  return address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

}  // namespace

class HttpServer::Core : public Connection::Owner, public std::enable_shared_from_this<Core> {
 public:
  Core(asio::io_context& loop, ServerParts parts, FaultPlan faults)
      : parts_(std::move(parts)), faults_(std::move(faults)), acceptor_(loop), pause_(loop) {}

  Result<> serve(os::Fd listener) {
    auto protocol = protocol_of(listener.get());
    if (!protocol) {
      return protocol.error();
    }
    error_code error;
    acceptor_.assign(*protocol, listener.get(), error);
    if (error) {
      return system_error("adopt a fake's listening socket", error.value());
    }
    listener.release();
    accept();
    return Done{};
  }

  std::uint16_t port() const {
    error_code error;
    auto endpoint = acceptor_.local_endpoint(error);
    return error ? std::uint16_t{0} : endpoint.port();
  }

  void release(const std::string& name) {
    faults_.release(name);
    end_holds();
  }

  void stop() {
    stopped_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const auto& connection : std::exchange(connections_, {})) {
      connection->stop();
    }
  }

  // Oldest request first.
  std::vector<std::shared_ptr<Connection>> waiting() const {
    std::vector<std::shared_ptr<Connection>> found;
    std::copy_if(connections_.begin(), connections_.end(), std::back_inserter(found),
                 [](const auto& connection) {
                   const Delivery* delivery = connection->delivery();
                   return delivery != nullptr && delivery->is_open();
                 });
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
      return a->delivery()->call() < b->delivery()->call();
    });
    return found;
  }

  const ServerParts& parts() const override { return parts_; }

  Behaviour arrived(const Request& request) override {
    Behaviour behaviour = faults_.on_request(request.method, request.target);
    end_holds();
    if (behaviour.hold && faults_.is_over(*behaviour.hold)) {
      behaviour.hold.reset();
    }
    return behaviour;
  }

  void closed(Connection* connection) override {
    auto found = std::find_if(connections_.begin(), connections_.end(),
                              [connection](const auto& each) { return each.get() == connection; });
    if (found != connections_.end()) {
      connections_.erase(found);
    }
    accept();
  }

 private:
  void accept() {
    if (stopped_ || accepting_ || connections_.size() >= parts_.limits.connections_max) {
      return;
    }
    accepting_ = true;
    acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      self->accepting_ = false;
      if (self->stopped_) {
        return;
      }
      if (error) {
        self->accept_later();
        return;
      }
      auto connection = std::make_shared<Connection>(std::move(socket), *self);
      self->connections_.insert(connection);
      connection->start();
      self->accept();
    });
  }

  void accept_later() {
    pause_.expires_after(std::chrono::milliseconds(kAcceptPauseMs));
    pause_.async_wait([self = shared_from_this()](error_code error) {
      if (!error) {
        self->accept();
      }
    });
  }

  void end_holds() {
    for (const auto& connection : waiting()) {
      Delivery* delivery = connection->delivery();  // an earlier one may have led to its end
      if (delivery != nullptr && delivery->is_held() && faults_.is_over(*delivery->hold())) {
        delivery->end_hold();
      }
    }
  }

  ServerParts parts_;
  FaultPlan faults_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::set<std::shared_ptr<Connection>> connections_;
  bool accepting_ = false;
  bool stopped_ = false;
};

HttpServer::HttpServer(asio::io_context& loop, ServerParts parts, FaultPlan faults)
    : core_(std::make_shared<Core>(loop, std::move(parts), std::move(faults))) {}

HttpServer::~HttpServer() {
  stop();
}

Result<> HttpServer::serve(os::Fd listener) {
  return core_->serve(std::move(listener));
}

std::uint16_t HttpServer::port() const {
  return core_->port();
}

void HttpServer::release(const std::string& name) {
  core_->release(name);
}

void HttpServer::stop() {
  core_->stop();
}

std::vector<model::OpenCall> HttpServer::outstanding() const {
  std::vector<model::OpenCall> open;
  for (const auto& connection : core_->waiting()) {
    open.push_back(connection->describe());
  }
  return open;
}

}  // namespace relapse::fakes
