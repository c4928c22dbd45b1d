#pragma once
// What a server can do wrong, as data: which behaviour the k-th matching request meets. Pure: it
// decides and counts, the server's connections carry it out. All fakes take the same JSON:
//
//   "faults": [
//     { "match": "POST */events", "then": [503, {"status": 503, "delay_ms": 200}], "always": "ok"
//     }, { "match": "GET /skills/*", "always": { "hold": { "requests": 2, "match": "GET
//     /top.tar.gz" } } }
//   ]
//
// match    "METHOD GLOB" or "GLOB" (any method); `*` stands for any run of characters. Compared
//          with the path, or with path and query when the glob holds a `?`. The first rule that
//          matches a request decides; later rules do not count it.
// then     a list: the k-th request that the rule decides meets the k-th behaviour.
// always   the behaviour after the list's end (or of every request, without a list). Default "ok".
//
// A behaviour is a status (200 is "ok"), a word, or an object of the fields below.
//   "ok"       answered as the fake does by itself
//   "hold"     kept for ever                       = {"hold": "forever"}
//   "close"    closed before any byte of a reply   = {"cut": {"after": "request"}}
//   "reset"    the same with a TCP reset           = {"cut": {"after": "request", "how": "reset"}}
// hold         "forever" | {"requests": N, "match": M}: until N requests that match M have come
//              in since the start (itself included, if it matches) | {"release": NAME}: until
//              the supervisor releases NAME. Of replies freed at once the oldest goes first.
// delay_ms     after the hold
// status       replaces the answer by this status in the fake's own error form (2xx: no body)
// body, content_type, headers {NAME: VALUE}   replace the answer's; headers are added
// redirect     Location; the status is 302 unless `status` says another 3xx
// slow         {"bytes": N, "every_ms": T}: the body in pieces of N bytes, T apart
// cut          {"after": N | "request", "how": "close" | "reset" | "stall"}: ends after N bytes
//              of the body (0: after the headers); "stall" sends no more and keeps it open
// length_add   announces a body longer (or shorter, negative) than it is, then closes

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fakes/http.h"
#include "model/result.h"

namespace relapse::fakes {

// "METHOD GLOB" or "GLOB".
struct RequestPattern {
  std::string method;  // empty: any
  std::string glob;

  static model::Result<RequestPattern> parse(std::string_view text, std::string_view where);
  bool matches(std::string_view request_method, std::string_view target) const;
  std::string text() const;
};

bool glob_matches(std::string_view glob, std::string_view text);

struct Hold {
  enum class Kind { kForever, kRequests, kRelease };
  Kind kind = Kind::kForever;
  RequestPattern match;        // kRequests
  std::uint64_t requests = 0;  // kRequests
  std::string release;         // kRelease
  std::string text() const;    // what it waits for, for people
};

struct Slow {
  std::size_t bytes = 1;
  int every_ms = 0;
};

struct Cut {
  enum class How { kClose, kReset, kStall };
  std::optional<std::uint64_t> after_bytes;  // of the body; absent: before any byte of the reply
  How how = How::kClose;
};

struct Behaviour {
  std::optional<Hold> hold;
  int delay_ms = 0;
  std::optional<int> status;
  std::optional<std::string> body;
  std::optional<std::string> content_type;
  std::string redirect;
  std::vector<Header> headers;
  std::optional<Slow> slow;
  std::optional<Cut> cut;
  std::int64_t length_add = 0;

  bool answers_by_itself() const { return status || body || !redirect.empty(); }
  bool cuts_before_reply() const { return cut && !cut->after_bytes; }

  // The answer that stands in for the service's; only where answers_by_itself().
  Response answer(const Service& service) const;
};

model::Result<Behaviour> parse_behaviour(const nlohmann::json& value, const std::string& where);

class FaultPlan {
 public:
  FaultPlan() = default;  // everything "ok"

  // `value`: the list; null is an empty one.
  static model::Result<FaultPlan> parse(const nlohmann::json& value, const std::string& where);

  // Counts the request and says what it meets.
  const Behaviour& on_request(std::string_view method, std::string_view target);

  bool is_over(const Hold& hold) const;
  void release(const std::string& name) { released_.insert(name); }

 private:
  struct Rule {
    RequestPattern match;
    std::vector<Behaviour> then;
    Behaviour always;
    std::uint64_t decided = 0;
  };
  struct Count {
    RequestPattern match;
    std::uint64_t seen = 0;
  };
  static model::Result<Rule> parse_rule(const nlohmann::json& value, const std::string& where);
  void add(Rule rule);

  std::vector<Rule> rules_;
  std::map<std::string, Count, std::less<>> counts_;  // by pattern text: what holds wait for
  std::set<std::string, std::less<>> released_;
  Behaviour usual_;
};

}  // namespace relapse::fakes
