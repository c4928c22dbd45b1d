#pragma once
// The core of every fake: serves one service over HTTP/1.1 on a listening socket that was made
// elsewhere (in the world's network namespace), in the one thread of the event loop.

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fakes/call_log.h"
#include "fakes/http.h"
#include "fakes/reply_gate.h"
#include "fakes/stream_fault.h"
#include "model/result.h"
#include "os/fd.h"

namespace relapse::fakes {

struct ServerLimits {
  // Far above what a subject sends (a session's history, an archive); beyond it: 413.
  std::uint64_t body_bytes_max = std::uint64_t{64} << 20;
  std::uint32_t header_bytes_max = 64U << 10;
  // A connection on which no request is complete for so long is closed. Longer than the quiet
  // stretch after which a trial is diagnosed, so that the fake's own clock does not stir it.
  int idle_ms = 300'000;
  // More wait in the listener's backlog. Keeps the descriptors of one trial bounded.
  std::size_t connections_max = 512;
};

struct ServerParts {
  std::string name;  // of the fake, in the log
  Service* service;  // all four outlive the server
  CallLog* log;
  ReplyGate* gate = nullptr;  // none: replies go when they are ready
  ServerLimits limits = {};
};

class HttpServer {
 public:
  HttpServer(boost::asio::io_context& loop, ServerParts parts, FaultPlan faults);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Adopts a bound, listening stream socket and begins to accept.
  model::Result<> serve(os::Fd listener);
  std::uint16_t port() const;

  // Frees the replies that a behaviour holds for this name.
  void release(const std::string& name);

  // Closes the listener and every connection. Nothing of the parts is touched afterwards, also
  // not by handlers that the loop still has to run; open calls stay pending in the log.
  void stop();

  // Calls whose reply is not out, oldest first.
  std::vector<model::OpenCall> outstanding() const;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace relapse::fakes
