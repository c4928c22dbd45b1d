// Each fault as a client sees it.

#include "bench.h"
#include "catch.h"

using namespace relapse;
using model::CallOutcome;
using model::ReplyState;
using nlohmann::json;
using test::Bench;
using test::Client;
using test::EchoService;
using test::parse_reply;
using test::request;
using test::run_idle;
using test::run_until;

namespace {

json always(const std::string& behaviour) {
  return json::array({{{"match", "*"}, {"always", json::parse(behaviour)}}});
}

// One request against a server on which everything goes wrong in one way.
struct Trial {
  explicit Trial(const std::string& behaviour, const std::string& target = "/x")
      : bench(echo, always(behaviour)), client(bench.client()) {
    client.send(request("GET", target));
  }
  void run(const std::function<bool()>& done) { run_until(bench.loop, {&client}, done); }
  void run_to_end() {
    run([this] { return client.over(); });
  }
  void run_to_reply() {
    run([this] {
      auto reply = parse_reply(client.text());
      return reply && reply->whole;
    });
  }
  std::optional<model::OpenCall> open() const {
    auto all = bench.server->outstanding();
    return all.empty() ? std::nullopt : std::optional(all.front());
  }

  EchoService echo;
  Bench bench;
  Client client;
};

}  // namespace

TEST_CASE("a status stands in for the answer, in the service's own form", "[faults]") {
  EchoService echo;
  Bench bench(echo, json::parse(R"([{"match": "POST /x", "then": [503, 200, 204]}])"));
  auto failed = bench.ask(request("POST", "/x"));
  CHECK(failed.status == 503);
  CHECK(failed.body == "error: Service Unavailable");
  CHECK(failed.head.find("HTTP/1.1 503 Service Unavailable\r\n") == 0);
  CHECK(bench.ask(request("POST", "/x")).body == "POST /x ");
  auto empty = bench.ask(request("POST", "/x"));
  CHECK(empty.status == 204);
  CHECK(empty.header("Content-Length").empty());
  CHECK(bench.ask(request("POST", "/x")).status == 200);
}

TEST_CASE("hold: no byte comes, for ever, and the fake says so", "[faults]") {
  Trial trial("\"hold\"");
  trial.run([&] { return trial.open().has_value(); });
  run_idle(trial.bench.loop, {&trial.client});
  CHECK(trial.client.text().empty());
  CHECK_FALSE(trial.client.over());
  CHECK(trial.open()->state == ReplyState::kHeldOpen);
  CHECK(trial.open()->due_in_ms == std::nullopt);
  CHECK(trial.open()->client_port == trial.client.port());
  CHECK(trial.open()->server_port == trial.bench.server->port());
  CHECK(trial.bench.call(0).outcome == CallOutcome::kPending);
  CHECK(trial.bench.call(0).status == 0);
}

TEST_CASE("hold until released by name", "[faults]") {
  Trial trial(R"({"hold": {"release": "go"}})");
  trial.run([&] { return trial.open().has_value(); });
  CHECK(trial.open()->state == ReplyState::kHeld);
  CHECK(trial.open()->waits_for == "release of 'go'");
  trial.bench.server->release("no");
  run_idle(trial.bench.loop, {&trial.client});
  CHECK(trial.client.text().empty());
  trial.bench.server->release("go");
  trial.run_to_reply();
  CHECK(parse_reply(trial.client.text())->body == "GET /x ");
  trial.client.send(request("GET", "/y"));  // what was released once does not hold again
  trial.run([&] { return trial.client.text().find("/y ") != std::string::npos; });
}

// The one deterministic trigger that a server alone has for a race between a folder's removal and
// the filling of its children: the children wait for the parent's second try.
TEST_CASE("replies are held until other requests have come, then go in order", "[faults]") {
  EchoService echo;
  Bench bench(echo, json::parse(R"([
    {"match": "GET /child*", "always": {"hold": {"requests": 2, "match": "GET /parent"}}},
    {"match": "GET /parent", "then": [
      {"hold": {"requests": 2, "match": "GET /child*"}, "status": 503}]}])"));
  Client parent = bench.client();
  Client child1 = bench.client();
  Client child2 = bench.client();
  auto run = [&](const std::function<bool()>& done) {
    run_until(bench.loop, {&parent, &child1, &child2}, done);
  };
  parent.send(request("GET", "/parent"));
  run([&] { return bench.log.calls().size() == 1; });
  child1.send(request("GET", "/child1"));
  run([&] { return bench.log.calls().size() == 2; });
  run_idle(bench.loop, {&parent, &child1, &child2});
  CHECK(parent.text().empty());
  CHECK(bench.server->outstanding()[0].waits_for == "2 requests GET /child*");
  child2.send(request("GET", "/child2"));
  run([&] { return !parent.text().empty(); });
  CHECK(parse_reply(parent.text())->status == 503);
  run_idle(bench.loop, {&parent, &child1, &child2});
  CHECK((child1.text().empty() && child2.text().empty()));
  parent.send(request("GET", "/parent"));
  run([&] { return bench.server->outstanding().empty() && bench.log.calls().size() == 4; });
  run([&] { return !child1.text().empty() && !child2.text().empty(); });
  CHECK(*bench.call(1).answered_at_ms <= *bench.call(2).answered_at_ms);
  CHECK(*bench.call(2).answered_at_ms <= *bench.call(3).answered_at_ms);
  CHECK(bench.call(3).status == 200);
}

TEST_CASE("delay_ms: the reply comes no earlier, and until then it is due", "[faults]") {
  Trial trial(R"({"delay_ms": 80})");
  trial.run([&] { return trial.open().has_value(); });
  CHECK(trial.open()->state == ReplyState::kDue);
  REQUIRE(trial.open()->due_in_ms);
  CHECK(*trial.open()->due_in_ms <= 80);
  trial.run_to_reply();
  trial.run([&] { return !trial.open(); });
  CHECK(*trial.bench.call(0).answered_at_ms - trial.bench.call(0).at_ms >= 79);
}

TEST_CASE("slow: the body comes in pieces, a while apart", "[faults]") {
  Trial trial(R"({"body": "0123456789", "slow": {"bytes": 3, "every_ms": 10}})");
  std::uint64_t before = trial.bench.log.changes();
  trial.run([&] { return trial.client.text().find("012") != std::string::npos; });
  CHECK(trial.client.text().find("0123456789") == std::string::npos);
  trial.run([&] { return trial.open() && trial.open()->state == ReplyState::kDue; });
  trial.run_to_reply();
  trial.run([&] { return !trial.open(); });
  CHECK(parse_reply(trial.client.text())->body == "0123456789");
  CHECK(trial.bench.log.changes() - before == 6);  // asked, four pieces, answered
  CHECK(*trial.bench.call(0).answered_at_ms - trial.bench.call(0).at_ms >= 29);
}

TEST_CASE("cut: the connection closes in order after so many bytes", "[faults]") {
  Trial trial(R"({"body": "0123456789", "cut": {"after": 4}})");
  trial.run_to_end();
  CHECK(trial.client.ended());
  auto reply = parse_reply(trial.client.text());
  CHECK(reply->status == 200);
  CHECK(reply->header("Content-Length") == "10");
  CHECK(reply->body == "0123");
  CHECK(trial.bench.call(0).outcome == CallOutcome::kCut);
  CHECK(trial.bench.call(0).reply_bytes == 4);
}

TEST_CASE("cut after 0 bytes: the headers, and no more", "[faults]") {
  Trial trial(R"({"cut": {"after": 0}})");
  trial.run_to_end();
  auto reply = parse_reply(trial.client.text());
  REQUIRE(reply);
  CHECK(reply->body.empty());
  CHECK(reply->header("Content-Length") == "7");
}

TEST_CASE("a cut by reset: every byte asked for comes, then the reset", "[faults]") {
  Trial trial(R"({"body": "0123456789", "cut": {"after": 4, "how": "reset"}})");
  trial.run_to_end();
  CHECK(trial.client.was_reset());
  CHECK(parse_reply(trial.client.text())->body == "0123");
}

TEST_CASE("a reset waits for a client that reads late", "[faults]") {
  // More than the client's buffer takes, less than the server's: the server has written it all.
  std::string body(100'000, 'x');
  EchoService echo;
  Bench bench(echo,
              always(json{{"body", body}, {"cut", {{"after", 90'000}, {"how", "reset"}}}}.dump()));
  Client client(bench.server->port(), 4096);
  client.send(request("GET", "/"));
  client.step();
  run_until(bench.loop, {}, [&] {
    return bench.log.calls().size() == 1 && bench.call(0).outcome == CallOutcome::kCut;
  });
  run_idle(bench.loop, {});
  run_until(bench.loop, {&client}, [&] { return client.over(); });
  CHECK(client.was_reset());
  CHECK(parse_reply(client.text())->body.size() == 90'000);
}

TEST_CASE("close and reset before any byte of the reply", "[faults]") {
  Trial closed("\"close\"");
  closed.run_to_end();
  CHECK(closed.client.ended());
  CHECK(closed.client.text().empty());
  CHECK(closed.bench.call(0).outcome == CallOutcome::kCut);
  CHECK(closed.bench.call(0).status == 0);
  Trial reset("\"reset\"");
  reset.run_to_end();
  CHECK(reset.client.was_reset());
  CHECK(reset.client.text().empty());
}

TEST_CASE("a request that is cut off never reaches the service", "[faults]") {
  Trial trial("\"close\"", "/later");
  trial.run_to_end();
  CHECK(trial.echo.later.empty());
}

TEST_CASE("stall: some bytes, then silence on an open connection", "[faults]") {
  Trial trial(R"({"body": "0123456789", "cut": {"after": 4, "how": "stall"}})");
  trial.run([&] { return trial.client.text().find("0123") != std::string::npos; });
  run_idle(trial.bench.loop, {&trial.client});
  CHECK_FALSE(trial.client.over());
  CHECK(trial.open()->state == ReplyState::kHeldOpen);
  CHECK(trial.bench.call(0).outcome == CallOutcome::kPending);
  CHECK(trial.bench.call(0).status == 200);
}

TEST_CASE("a stalled stream of the service's own is cut between its pieces", "[faults]") {
  Trial trial(R"({"cut": {"after": 5, "how": "stall"}})", "/later");
  trial.run([&] { return trial.echo.later.size() == 1; });
  trial.echo.later[0].begin(200, "text/event-stream");
  trial.echo.later[0].write("abc");
  trial.echo.later[0].write("defg");
  trial.echo.later[0].finish();
  trial.run([&] { return trial.client.text().find("de") != std::string::npos; });
  auto reply = parse_reply(trial.client.text());
  CHECK(reply->body == "abcde");
  CHECK_FALSE(reply->whole);
}

TEST_CASE("length_add: a wrong Content-Length, then the end", "[faults]") {
  Trial longer(R"({"body": "abc", "length_add": 5})");
  longer.run_to_end();
  CHECK(parse_reply(longer.client.text())->header("Content-Length") == "8");
  CHECK(parse_reply(longer.client.text())->body == "abc");
  Trial shorter(R"({"body": "abc", "length_add": -2})");
  shorter.run_to_end();
  CHECK(parse_reply(shorter.client.text())->header("Content-Length") == "1");
  CHECK(shorter.client.text().find("\r\n\r\nabc") != std::string::npos);
}

TEST_CASE("wrong content, none at all, and added headers", "[faults]") {
  Trial wrong(
      R"({"body": "<html>", "content_type": "text/html", "headers": {"Retry-After": "1"}})");
  wrong.run_to_reply();
  auto reply = *parse_reply(wrong.client.text());
  CHECK(reply.body == "<html>");
  CHECK(reply.header("Content-Type") == "text/html");
  CHECK(reply.header("Retry-After") == "1");
  Trial empty(R"({"body": ""})");
  empty.run_to_reply();
  CHECK(parse_reply(empty.client.text())->header("Content-Length") == "0");
  Trial added(R"({"headers": {"X-A": "b"}})");
  added.run_to_reply();
  CHECK(parse_reply(added.client.text())->body == "GET /x ");
  CHECK(parse_reply(added.client.text())->header("X-A") == "b");
}

TEST_CASE("content_type alone changes the type of the service's own answer", "[faults]") {
  Trial trial(R"({"content_type": "text/html"})");
  trial.run_to_reply();
  auto reply = *parse_reply(trial.client.text());
  CHECK(reply.body == "GET /x ");
  CHECK(reply.header("Content-Type") == "text/html");
  CHECK(reply.head.find("text/plain") == std::string::npos);
}

TEST_CASE("a redirect says where to", "[faults]") {
  Trial found(R"({"redirect": "/elsewhere"})");
  found.run_to_reply();
  CHECK(parse_reply(found.client.text())->status == 302);
  CHECK(parse_reply(found.client.text())->header("Location") == "/elsewhere");
  Trial moved(R"({"redirect": "http://127.0.0.1:1/", "status": 308})");
  moved.run_to_reply();
  CHECK(parse_reply(moved.client.text())->status == 308);
}

TEST_CASE("behaviours add up: held, then delayed, then an error in slow pieces", "[faults]") {
  Trial trial(R"({"hold": {"release": "a"}, "delay_ms": 20, "status": 500,
                  "slow": {"bytes": 10, "every_ms": 1}, "cut": {"after": 15}})");
  trial.run([&] { return trial.open() && trial.open()->state == ReplyState::kHeld; });
  trial.bench.server->release("a");
  trial.run([&] { return trial.open()->state == ReplyState::kDue; });
  trial.run_to_end();
  auto reply = *parse_reply(trial.client.text());
  CHECK(reply.status == 500);
  CHECK(reply.body == "error: Internal");
}
