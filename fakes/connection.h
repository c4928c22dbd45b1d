#pragma once
// One client's connection to a fake: reads requests, one after the other, and has each answered.
// Internal to the server.

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>
#include <optional>

#include "fakes/delivery.h"
#include "fakes/http_server.h"

namespace relapse::fakes {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  // What a connection needs of its server; gone (stopped()) at once when the server stops.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual const ServerParts& parts() const = 0;
    // The request has come in: other replies may become free by it, then it meets this.
    virtual Behaviour arrived(const Request& request) = 0;
    virtual void closed(Connection* connection) = 0;
  };

  Connection(Socket socket, Owner& owner);

  void start() { read_request(); }

  // Closes at once; the owner is not called any more, nor touched.
  void stop();

  // The last reply, while it is not settled; null between requests.
  Delivery* delivery() const { return delivery_.get(); }
  model::OpenCall describe() const;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void read_request();
  void on_header(boost::system::error_code error);
  void read_body();
  void on_request(boost::system::error_code error);
  void refuse(boost::system::error_code error);
  std::shared_ptr<Request> take_request();
  void answer(std::shared_ptr<Request> request, const Behaviour& behaviour,
              std::optional<Response> instead, bool keep_alive);
  void on_over(Delivery::End end);

  void watch_peer();
  void on_peer(boost::system::error_code error);
  void close_in_order();
  void drain();
  void reset_when_sent(int tries_left);
  void close();
  void arm_deadline(int after_ms);
  void disarm_deadline();

  std::shared_ptr<Socket> socket_;
  Owner* owner_;  // null once stopped or closed
  boost::asio::steady_timer deadline_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::shared_ptr<Delivery> delivery_;
  std::uint16_t client_port_ = 0;
  std::uint16_t server_port_ = 0;
  bool watching_peer_ = false;
  bool peer_closed_ = false;
};

}  // namespace relapse::fakes
