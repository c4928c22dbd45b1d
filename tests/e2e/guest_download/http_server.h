#pragma once
// A loopback HTTP server whose handlers write the bytes of an answer themselves, right or wrong.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace guest_download_test {

using Request = boost::beast::http::request<boost::beast::http::string_body>;
using Socket = boost::asio::ip::tcp::socket;

// Runs in the connection's own thread; the connection is closed when it returns.
using Handler = std::function<void(Socket&, const Request&)>;

class HttpServer {
 public:
  explicit HttpServer(Handler handler);
  ~HttpServer();  // waits for the handlers
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string origin() const;             // "http://127.0.0.1:PORT"
  std::vector<Request> requests() const;  // all so far, in order of arrival
  size_t count(std::string_view target) const;

 private:
  void accept_all();
  void serve(Socket socket);

  Handler handler_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  mutable std::mutex mutex_;  // guards the next two
  std::vector<Request> requests_;
  std::vector<std::thread> connections_;
  std::thread acceptor_thread_;
};

// What handlers send. A peer that has gone away is no error: some tests make it go.
void send_bytes(Socket& socket, std::string_view bytes);
void send_ok(Socket& socket, std::string_view body, std::string_view more_headers = "");
void send_status(Socket& socket, int status, std::string_view more_headers = "");
void send_chunked(Socket& socket, std::string_view body);
void reset(Socket& socket);  // the peer sees ECONNRESET

}  // namespace guest_download_test
