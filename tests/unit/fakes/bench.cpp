#include "bench.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "catch.h"

namespace relapse::test {

using namespace std::chrono_literals;

namespace {

// A machine may be slow; nothing here takes a second on a quiet one.
constexpr auto kLimit = 60s;
constexpr auto kIdle = 100ms;

double now_ms() {
  static const auto kStart = std::chrono::steady_clock::now();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - kStart)
      .count();
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

os::Fd make_listener() {
  os::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 64) == 0);
  return listener;
}

Client::Client(std::uint16_t port, int receive_bytes)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_bytes > 0) {
    REQUIRE(::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes,
                         sizeof receive_bytes) == 0);
  }
  sockaddr_in address = loopback(port);
  REQUIRE(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
}

void Client::end_input() {
  end_input_ = true;
}

void Client::reset() {
  linger now{1, 0};
  REQUIRE(::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
  socket_.reset();
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  REQUIRE(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return ntohs(address.sin_port);
}

void Client::step() {
  if (socket_.valid()) {
    step_send();
    step_receive();
  }
}

void Client::step_send() {
  ssize_t sent = unsent_.empty() ? 0
                                 : ::send(socket_.get(), unsent_.data(), unsent_.size(),
                                          MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    unsent_.erase(0, static_cast<size_t>(sent));
  } else if (sent < 0 && errno != EAGAIN) {
    send_failed_ = true;
  }
  if (unsent_.empty() && end_input_) {
    end_input_ = false;
    ::shutdown(socket_.get(), SHUT_WR);
  }
}

void Client::step_receive() {
  std::array<char, 65536> buffer;
  while (!over()) {
    ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) {
      reset_ = errno == ECONNRESET;
      return;
    }
    ended_ = got == 0;
    text_.append(buffer.data(), static_cast<size_t>(got));
  }
}

std::string Reply::header(const std::string& name) const {
  auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) {
    return "";
  }
  at += name.size() + 4;
  return head.substr(at, head.find("\r\n", at) - at);
}

namespace {

void read_chunks(const std::string& text, std::size_t at, Reply& reply) {
  while (true) {
    auto line = text.find("\r\n", at);
    if (line == std::string::npos) {
      return;
    }
    std::size_t size = std::strtoul(text.c_str() + at, nullptr, 16);
    if (text.size() < line + 2 + size + 2) {
      reply.body += text.substr(line + 2, size);
      return;
    }
    reply.body += text.substr(line + 2, size);
    at = line + 2 + size + 2;
    if (size == 0) {
      reply.whole = true;
      reply.size = at;
      return;
    }
    ++reply.chunks;
  }
}

}  // namespace

std::optional<Reply> parse_reply(const std::string& text, bool no_body) {
  auto end = text.find("\r\n\r\n");
  if (end == std::string::npos) {
    return std::nullopt;
  }
  Reply reply;
  reply.head = text.substr(0, end + 2);
  reply.status = static_cast<int>(std::strtol(text.c_str() + text.find(' '), nullptr, 10));
  std::size_t body = end + 4;
  if (no_body || reply.status == 204 || reply.status == 304) {
    reply.whole = true;
    reply.size = body;
  } else if (reply.header("Transfer-Encoding") == "chunked") {
    read_chunks(text, body, reply);
  } else {
    std::size_t length = std::strtoul(reply.header("Content-Length").c_str(), nullptr, 10);
    reply.body = text.substr(body, length);
    reply.whole = reply.body.size() == length && !reply.header("Content-Length").empty();
    reply.size = body + reply.body.size();
  }
  return reply;
}

std::string request(const std::string& method, const std::string& target, const std::string& body,
                    const std::string& headers) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: fake.test\r\n{}Content-Length: {}\r\n\r\n{}", method,
                     target, headers, body.size(), body);
}

void run_until(boost::asio::io_context& loop, std::initializer_list<Client*> clients,
               const std::function<bool()>& done) {
  auto limit = std::chrono::steady_clock::now() + kLimit;
  while (!done()) {
    loop.restart();
    loop.run_one_for(1ms);
    for (Client* client : clients) {
      client->step();
    }
    if (std::chrono::steady_clock::now() > limit) {
      FAIL("what the test waits for did not come");
    }
  }
}

void run_idle(boost::asio::io_context& loop, std::initializer_list<Client*> clients) {
  auto until = std::chrono::steady_clock::now() + kIdle;
  run_until(loop, clients, [until] { return std::chrono::steady_clock::now() > until; });
}

Bench::Bench(fakes::Service& service, const nlohmann::json& faults, fakes::ReplyGate* gate,
             fakes::ServerLimits limits)
    : log(now_ms) {
  auto plan = fakes::FaultPlan::parse(faults, "faults");
  INFO((plan.ok() ? "" : plan.error().text()));
  REQUIRE(plan.ok());
  server = std::make_unique<fakes::HttpServer>(
      loop, fakes::ServerParts{"echo", &service, &log, gate, limits}, *std::move(plan));
  REQUIRE(server->serve(make_listener()).ok());
}

Reply Bench::ask(const std::string& bytes, bool no_body) {
  Client one = client();
  one.send(bytes);
  std::optional<Reply> reply;
  run_until(loop, {&one}, [&] {
    reply = parse_reply(one.text(), no_body);
    return (reply && reply->whole) || one.over();
  });
  settle();
  return reply.value_or(Reply{});
}

void Bench::settle() {
  loop.restart();
  loop.poll();
}

void EchoService::handle(fakes::Exchange exchange) {
  const fakes::Request& request = exchange.request();
  if (request.path() == "/later") {
    later.push_back(std::move(exchange));
    return;
  }
  exchange.reply(fakes::Response{
      200, "text/plain", {}, request.method + " " + request.target + " " + request.body});
}

fakes::Response EchoService::error(int status, std::string_view message) const {
  return fakes::Response{status, "text/plain", {}, "error: " + std::string(message)};
}

}  // namespace relapse::test
