#pragma once
// What a fake sees of HTTP: a request, the duty to answer it, and the interface of a service.
// Nothing here knows sockets; the server (http_server.h) carries the bytes.

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relapse::fakes {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  std::string method;
  std::string target;  // path and query, as sent
  std::vector<Header> headers;
  std::string body;

  std::string_view path() const;                         // `target` without the query
  std::string_view header(std::string_view name) const;  // in any case; the first; "" if none
};

struct Response {
  int status = 200;
  std::string content_type;  // no header when empty
  std::vector<Header> headers;
  std::string body;
};

// JSON to text without exceptions: what is no UTF-8 in it is replaced.
std::string to_text(const nlohmann::json& value);
Response json_response(int status, const nlohmann::json& body);

struct ReplyHead {
  int status = 200;
  std::vector<Header> headers;
  std::optional<std::uint64_t> length;  // of the body; absent: streamed, as long as it comes
};

// Where a reply goes; the server implements it. Once begin(), then write() any number of times,
// then finish(); abandon() at any point ends the connection instead.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void begin(ReplyHead head) = 0;
  virtual void write(std::string piece) = 0;
  virtual void finish() = 0;
  virtual void abandon() = 0;
};

// One request and the duty to answer it, now or later. Dropped without an answer (or half-way),
// it closes the connection. When the connection is gone, answering does nothing.
class Exchange {
 public:
  Exchange(std::shared_ptr<const Request> request, std::weak_ptr<ReplySink> sink)
      : request_(std::move(request)), sink_(std::move(sink)) {}
  Exchange(Exchange&&) = default;
  Exchange& operator=(Exchange&&) = delete;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange();

  const Request& request() const { return *request_; }

  void reply(Response response);  // whole

  // Or piece by piece, as a stream of unknown length.
  void begin(int status, std::string_view content_type, std::vector<Header> headers = {});
  void write(std::string piece);
  void finish();

 private:
  std::shared_ptr<ReplySink> take_sink();

  std::shared_ptr<const Request> request_;
  std::weak_ptr<ReplySink> sink_;
};

// A fake's own part: what it answers. One instance serves all connections of its server, in the
// one thread of the event loop.
class Service {
 public:
  virtual ~Service() = default;
  virtual void handle(Exchange exchange) = 0;
  // How this service says `status` when something goes wrong before or instead of handle().
  virtual Response error(int status, std::string_view message) const = 0;
};

std::string_view reason_phrase(int status);

}  // namespace relapse::fakes
