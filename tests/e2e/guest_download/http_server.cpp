#include "http_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <sstream>

namespace guest_download_test {

namespace asio = boost::asio;
using boost::system::error_code;

HttpServer::HttpServer(Handler handler)
    : handler_(std::move(handler)),
      acceptor_(context_, {asio::ip::address_v4::loopback(), 0}),
      acceptor_thread_([this] { accept_all(); }) {}

HttpServer::~HttpServer() {
  // Wakes the accepting thread, which closing the descriptor would not.
  shutdown(acceptor_.native_handle(), SHUT_RDWR);
  acceptor_thread_.join();
  for (std::thread& connection : connections_) {
    connection.join();
  }
}

std::string HttpServer::origin() const {
  return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

std::vector<Request> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

size_t HttpServer::count(std::string_view target) const {
  const std::vector<Request> all = requests();
  return static_cast<size_t>(std::count_if(all.begin(), all.end(), [&](const Request& request) {
    return std::string_view(request.target()) == target;
  }));
}

void HttpServer::accept_all() {
  for (;;) {
    error_code error;
    Socket socket = acceptor_.accept(error);
    if (error) {
      return;
    }
    const std::lock_guard lock(mutex_);
    connections_.emplace_back(
        [this, accepted = std::move(socket)]() mutable { serve(std::move(accepted)); });
  }
}

void HttpServer::serve(Socket socket) {
  boost::beast::flat_buffer buffer;
  Request request;
  error_code error;
  boost::beast::http::read(socket, buffer, request, error);
  if (error) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  handler_(socket, request);
}

void send_bytes(Socket& socket, std::string_view bytes) {
  error_code ignored;
  asio::write(socket, asio::buffer(bytes), ignored);
}

void send_ok(Socket& socket, std::string_view body, std::string_view more_headers) {
  send_bytes(socket, "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" +
                         std::string(more_headers) + "\r\n" + std::string(body));
}

void send_status(Socket& socket, int status, std::string_view more_headers) {
  send_bytes(socket, "HTTP/1.1 " + std::to_string(status) + " Test\r\ncontent-length: 0\r\n" +
                         std::string(more_headers) + "\r\n");
}

void send_chunked(Socket& socket, std::string_view body) {
  send_bytes(socket, "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  constexpr size_t kChunkSize = 32;
  for (; !body.empty(); body.remove_prefix(std::min(kChunkSize, body.size()))) {
    const std::string_view chunk = body.substr(0, kChunkSize);
    std::ostringstream size;
    size << std::hex << chunk.size();
    send_bytes(socket, size.str() + "\r\n" + std::string(chunk) + "\r\n");
  }
  send_bytes(socket, "0\r\n\r\n");
}

void reset(Socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

}  // namespace guest_download_test
