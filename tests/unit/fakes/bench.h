#pragma once
// A server on 127.0.0.1 and clients of it, in one thread: the clients' sockets never block, and
// whoever waits runs the server's loop meanwhile. No privilege, no fixed port, no sleep.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "fakes/http_server.h"
#include "os/fd.h"

namespace relapse::test {

os::Fd make_listener();
std::uint16_t port_of(int socket);

// A client that speaks bytes.
class Client {
 public:
  // `receive_bytes`: of the kernel's buffer, where it is to be small.
  explicit Client(std::uint16_t port, int receive_bytes = 0);

  void send(std::string_view bytes) { unsent_ += bytes; }
  void end_input();  // half-closes, once all is sent
  void reset();      // closes with a TCP reset

  void step();
  const std::string& text() const { return text_; }
  bool ended() const { return ended_; }      // the server closed in order
  bool was_reset() const { return reset_; }  // or with a reset
  bool all_sent() const { return unsent_.empty(); }
  bool send_failed() const { return send_failed_; }
  bool over() const { return ended_ || reset_; }
  std::uint16_t port() const { return port_of(socket_.get()); }

 private:
  void step_send();
  void step_receive();

  os::Fd socket_;
  std::string unsent_;
  std::string text_;
  bool end_input_ = false;
  bool send_failed_ = false;
  bool ended_ = false;
  bool reset_ = false;
};

struct Reply {
  int status = 0;
  std::string head;
  std::string body;  // chunks joined
  bool whole = false;
  std::size_t size = 0;  // of all its bytes
  std::size_t chunks = 0;

  std::string header(const std::string& name) const;  // exact spelling
};
// The first reply in `text`, as far as it is there. `no_body`: it answers a HEAD.
std::optional<Reply> parse_reply(const std::string& text, bool no_body = false);

std::string request(const std::string& method, const std::string& target,
                    const std::string& body = "", const std::string& headers = "");

// Runs `loop`, stepping `clients`, until `done`; fails the test after a generous limit.
void run_until(boost::asio::io_context& loop, std::initializer_list<Client*> clients,
               const std::function<bool()>& done);
// Runs whatever is ready, and a little longer: to see that something does not happen.
void run_idle(boost::asio::io_context& loop, std::initializer_list<Client*> clients);

// One server of one service.
class Bench {
 public:
  explicit Bench(fakes::Service& service, const nlohmann::json& faults = nullptr,
                 fakes::ReplyGate* gate = nullptr, fakes::ServerLimits limits = {});

  Client client() const { return Client(server->port()); }
  // One request on a connection of its own, and its reply.
  Reply ask(const std::string& bytes, bool no_body = false);
  // Runs what is ready: a client may have seen a reply before the server's own handler has run.
  void settle();
  const model::Call& call(std::size_t index) const { return log.calls().at(index); }

  boost::asio::io_context loop;
  fakes::CallLog log;
  std::unique_ptr<fakes::HttpServer> server;
};

// Answers every request with its method, target and body; keeps those under /later.
class EchoService : public fakes::Service {
 public:
  void handle(fakes::Exchange exchange) override;
  fakes::Response error(int status, std::string_view message) const override;
  std::vector<fakes::Exchange> later;
};

}  // namespace relapse::test
