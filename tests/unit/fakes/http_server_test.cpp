#include "fakes/http_server.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "catch.h"

using namespace relapse;
using model::CallOutcome;
using model::ReplyState;
using test::Bench;
using test::Client;
using test::EchoService;
using test::parse_reply;
using test::request;
using test::run_idle;
using test::run_until;

TEST_CASE("a request is answered and logged", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  auto reply = bench.ask(request("POST", "/a?b=c", "hello", "User-Agent: me/1\r\n"));
  CHECK(reply.status == 200);
  CHECK(reply.body == "POST /a?b=c hello");
  CHECK(reply.header("Content-Type") == "text/plain");
  REQUIRE(bench.log.calls().size() == 1);
  const model::Call& call = bench.call(0);
  CHECK(call.fake == "echo");
  CHECK(call.method == "POST");
  CHECK(call.target == "/a?b=c");
  CHECK(call.request_body == "hello");
  CHECK(call.request_bytes == 5);
  CHECK(call.user_agent == "me/1");
  CHECK(call.server_port == bench.server->port());
  CHECK(call.client_port != 0);
  CHECK(call.status == 200);
  CHECK(call.reply_bytes == reply.body.size());
  CHECK(call.outcome == CallOutcome::kAnswered);
  REQUIRE(call.answered_at_ms);
  CHECK(*call.answered_at_ms >= call.at_ms);
  CHECK(bench.server->outstanding().empty());
}

TEST_CASE("one connection serves many requests, also sent at once", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/1") + request("PUT", "/2", "body") + request("GET", "/3"));
  run_until(bench.loop, {&client}, [&] { return client.text().find("/3 ") != std::string::npos; });
  std::string text = client.text();
  for (const char* body : {"GET /1 ", "PUT /2 body", "GET /3 "}) {
    auto reply = parse_reply(text);
    REQUIRE(reply);
    CHECK(reply->body == body);
    text.erase(0, reply->size);
  }
  client.send(request("GET", "/4"));
  run_until(bench.loop, {&client}, [&] { return client.text().find("/4 ") != std::string::npos; });
  CHECK_FALSE(client.over());
  CHECK(bench.call(3).client_port == bench.call(0).client_port);
}

TEST_CASE("a connection ends where the client says so, or speaks HTTP/1.0", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  for (const char* bytes :
       {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"}) {
    Client client = bench.client();
    client.send(bytes);
    run_until(bench.loop, {&client}, [&] { return client.over(); });
    CHECK(client.ended());
    auto reply = parse_reply(client.text());
    REQUIRE(reply);
    CHECK(reply->whole);
    CHECK(reply->header("Connection") == "close");
  }
}

TEST_CASE("a client that ends its input still gets its reply", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/later"));
  client.end_input();
  run_until(bench.loop, {&client}, [&] {
    auto open = bench.server->outstanding();
    return open.size() == 1 && open[0].client_closed;
  });
  echo.later.front().reply(fakes::Response{200, "", {}, "late"});
  run_until(bench.loop, {&client}, [&] { return client.over(); });
  CHECK(parse_reply(client.text())->body == "late");
  CHECK(bench.call(0).outcome == CallOutcome::kAnswered);
}

TEST_CASE("HEAD gets the length and no body", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("HEAD", "/x") + request("GET", "/y"));
  run_until(bench.loop, {&client}, [&] { return client.text().find("/y ") != std::string::npos; });
  auto head = parse_reply(client.text(), /*no_body=*/true);
  CHECK(head->header("Content-Length") == "8");
  CHECK(parse_reply(client.text().substr(head->size))->body == "GET /y ");
}

TEST_CASE("a body over the limit is refused, and the refusal arrives", "[http_server]") {
  EchoService echo;
  fakes::ServerLimits limits;
  limits.body_bytes_max = 1000;
  Bench bench(echo, nullptr, nullptr, limits);
  SECTION("announced") {
    Client client = bench.client();
    client.send(request("POST", "/big", std::string(30'000'000, 'x')));
    run_until(bench.loop, {&client}, [&] { return client.all_sent() || client.send_failed(); });
    CHECK_FALSE(client.send_failed());  // many clients drop the reply then
    run_until(bench.loop, {&client}, [&] { return client.over(); });
    CHECK(client.ended());
    auto reply = parse_reply(client.text());
    REQUIRE(reply);
    CHECK(reply->status == 413);
    CHECK(reply->body.find("error: ") == 0);
  }
  SECTION("chunked") {
    auto reply = bench.ask("POST /big HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n" +
                           std::string(0xfffff, 'x') + "\r\n0\r\n\r\n");
    CHECK(reply.status == 413);
  }
  CHECK(bench.call(0).target == "/big");
  CHECK(bench.call(0).status == 413);
  CHECK(bench.ask(request("POST", "/fits", std::string(1000, 'x'))).status == 200);
}

TEST_CASE("what is no HTTP is refused", "[http_server]") {
  EchoService echo;
  fakes::ServerLimits limits;
  limits.header_bytes_max = 1000;
  Bench bench(echo, nullptr, nullptr, limits);
  CHECK(bench.ask("\x16\x03\x01 hello\r\n\r\n").status == 400);
  CHECK(bench.ask("GET / HTTP/1.1\r\nA: " + std::string(5000, 'a') + "\r\n\r\n").status == 431);
  CHECK(bench.ask("POST / HTTP/1.1\r\nContent-Length: twelve\r\n\r\n").status == 400);
  CHECK(bench.log.calls().size() == 3);
  CHECK(bench.call(0).outcome == CallOutcome::kAnswered);
}

TEST_CASE("a client that goes away leaves no call behind", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client silent = bench.client();
  Client half = bench.client();
  half.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  silent.end_input();
  half.end_input();
  run_until(bench.loop, {&silent, &half}, [&] { return silent.over() && half.over(); });
  CHECK(bench.log.calls().empty());
}

TEST_CASE("`Expect: 100-continue` is granted", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send("PUT /up HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  run_until(bench.loop, {&client}, [&] { return !client.text().empty(); });
  CHECK(client.text() == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  run_until(bench.loop, {&client},
            [&] { return client.text().find("/up body") != std::string::npos; });
}

TEST_CASE("an idle connection is closed after the deadline, a waiting one is not",
          "[http_server]") {
  EchoService echo;
  fakes::ServerLimits limits;
  limits.idle_ms = 20;
  Bench bench(echo, nullptr, nullptr, limits);
  Client waiting = bench.client();
  Client idle = bench.client();
  Client trickling = bench.client();
  waiting.send(request("GET", "/later"));
  trickling.send("GET / HT");
  run_until(bench.loop, {&waiting, &idle, &trickling},
            [&] { return idle.over() && trickling.over() && echo.later.size() == 1; });
  run_idle(bench.loop, {&waiting});
  CHECK_FALSE(waiting.over());
}

TEST_CASE("connections beyond the limit wait until one ends", "[http_server]") {
  EchoService echo;
  fakes::ServerLimits limits;
  limits.connections_max = 1;
  Bench bench(echo, nullptr, nullptr, limits);
  Client first = bench.client();
  Client second = bench.client();
  first.send(request("GET", "/1"));
  second.send(request("GET", "/2"));
  run_until(bench.loop, {&first, &second}, [&] { return !first.text().empty(); });
  run_idle(bench.loop, {&first, &second});
  CHECK(second.text().empty());
  first.end_input();
  run_until(bench.loop, {&first, &second}, [&] { return !second.text().empty(); });
  CHECK(parse_reply(second.text())->body == "GET /2 ");
  CHECK(first.over());
}

TEST_CASE("a server that runs out of descriptors goes on when there are some again",
          "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/"));
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  rlimit none_left = usual;
  os::Fd lowest(::dup(0));
  none_left.rlim_cur = static_cast<rlim_t>(lowest.get());
  lowest.reset();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none_left) == 0);
  run_idle(bench.loop, {&client});
  std::string before = client.text();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  CHECK(before.empty());
  run_until(bench.loop, {&client}, [&] { return !client.text().empty(); });
}

TEST_CASE("a service may answer later, whole or piece by piece", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/later"));
  run_until(bench.loop, {&client}, [&] { return echo.later.size() == 1; });
  auto open = bench.server->outstanding();
  REQUIRE(open.size() == 1);
  CHECK(open[0].state == ReplyState::kService);
  CHECK(open[0].client_port == client.port());
  CHECK(bench.call(0).outcome == CallOutcome::kPending);

  auto& exchange = echo.later.front();
  exchange.begin(200, "text/event-stream");
  exchange.write("one");
  run_until(bench.loop, {&client}, [&] { return client.text().find("one") != std::string::npos; });
  bench.settle();
  CHECK(bench.server->outstanding()[0].state == ReplyState::kService);
  exchange.write("two");
  exchange.finish();
  run_until(bench.loop, {&client}, [&] { return parse_reply(client.text())->whole; });
  bench.settle();
  auto reply = parse_reply(client.text());
  CHECK(reply->body == "onetwo");
  CHECK(reply->chunks == 2);
  CHECK(bench.call(0).reply_bytes == 6);
  CHECK(bench.server->outstanding().empty());
}

TEST_CASE("an exchange that is dropped closes the connection", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/later"));
  run_until(bench.loop, {&client}, [&] { return echo.later.size() == 1; });
  SECTION("before a word") {
    echo.later.clear();
    run_until(bench.loop, {&client}, [&] { return client.over(); });
    CHECK(client.text().empty());
  }
  SECTION("half-way") {
    echo.later.front().begin(200, "text/plain");
    echo.later.front().write("half");
    echo.later.clear();
    run_until(bench.loop, {&client}, [&] { return client.over(); });
    auto reply = parse_reply(client.text());
    CHECK(reply->body == "half");
    CHECK_FALSE(reply->whole);
  }
  CHECK(client.ended());
  CHECK(bench.call(0).outcome == CallOutcome::kCut);
}

TEST_CASE("a client that resets while it waits has abandoned its call", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  Client client = bench.client();
  client.send(request("GET", "/later"));
  run_until(bench.loop, {&client}, [&] { return echo.later.size() == 1; });
  client.reset();
  run_until(bench.loop, {}, [&] { return bench.call(0).outcome != CallOutcome::kPending; });
  CHECK(bench.call(0).outcome == CallOutcome::kAbandoned);
  CHECK(bench.server->outstanding().empty());
  echo.later.front().reply(fakes::Response{});  // to nobody
  run_idle(bench.loop, {});
}

TEST_CASE("a large reply reaches a client that reads late", "[http_server]") {
  class Large : public EchoService {
    void handle(fakes::Exchange exchange) override {
      fakes::Response response;
      response.body.resize(20'000'000, 'z');
      exchange.reply(std::move(response));
    }
  } large;
  Bench bench(large);
  Client client = bench.client();
  client.send(request("GET", "/"));
  client.step();
  run_idle(bench.loop, {});  // nobody reads
  auto open = bench.server->outstanding();
  REQUIRE(open.size() == 1);
  CHECK(open[0].state == ReplyState::kSending);
  run_until(bench.loop, {&client}, [&] { return client.text().size() > 20'000'000; });
  CHECK(parse_reply(client.text())->whole);
}

TEST_CASE("stop ends everything at once, and nothing is touched afterwards", "[http_server]") {
  EchoService echo;
  nlohmann::json faults = nlohmann::json::parse(R"([
    {"match": "/slow", "always": {"delay_ms": 5}},
    {"match": "/hold", "always": "hold"},
    {"match": "/drip", "always": {"slow": {"bytes": 1, "every_ms": 5}}}])");
  faults.push_back({{"match", "/big"}, {"always", {{"body", std::string(20'000'000, 'z')}}}});
  Bench bench(echo, faults);
  Client later = bench.client();
  Client slow = bench.client();
  Client held = bench.client();
  Client idle = bench.client();
  Client writing = bench.client();
  Client drip = bench.client();
  Client big = bench.client();  // does not read: the server's write is under way
  drip.send(request("GET", "/drip"));
  big.send(request("GET", "/big"));
  big.step();
  run_until(bench.loop, {&drip},
            [&] { return !drip.text().empty() && bench.log.calls().size() == 2; });
  later.send(request("GET", "/later"));
  slow.send(request("GET", "/slow"));
  held.send(request("GET", "/hold"));
  writing.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf");
  run_until(bench.loop, {&later, &slow, &held, &writing},
            [&] { return bench.log.calls().size() == 5; });
  std::uint64_t changes = 0;
  SECTION("stopped") {
    bench.server->stop();
    changes = bench.log.changes();
    echo.later.front().reply(fakes::Response{});
    bench.server->release("x");
    bench.server->stop();
    CHECK(bench.server->outstanding().empty());
  }
  SECTION("destroyed") {
    bench.server.reset();
    changes = bench.log.changes();
    echo.later.clear();
  }
  run_until(bench.loop, {&later, &slow, &held, &idle, &writing, &drip, &big}, [&] {
    return later.over() && slow.over() && held.over() && idle.over() && writing.over() &&
           drip.over() && big.over();
  });
  run_idle(bench.loop, {});
  CHECK(bench.log.changes() == changes);
  for (const model::Call& call : bench.log.calls()) {
    bool may_be_out = call.target == "/slow" || call.target == "/drip";
    CHECK((call.outcome == CallOutcome::kPending || may_be_out));
  }
}

TEST_CASE("the loop may end before its handlers have run", "[http_server]") {
  EchoService echo;
  auto bench = std::make_unique<Bench>(
      echo, nlohmann::json::parse(R"([{"match": "/slow", "always": {"delay_ms": 60000}}])"));
  Client slow = bench->client();
  slow.send(request("GET", "/slow"));
  run_until(bench->loop, {&slow}, [&] { return bench->log.calls().size() == 1; });
  bench.reset();
  run_until(*std::make_unique<boost::asio::io_context>(), {&slow}, [&] { return slow.over(); });
}

TEST_CASE("every change is told", "[http_server]") {
  EchoService echo;
  Bench bench(echo);
  int told = 0;
  bench.log.on_change([&told] { ++told; });
  bench.ask(request("GET", "/"));
  CHECK(told == 3);  // asked, bytes out, answered
  CHECK(bench.log.changes() == 3);
}

TEST_CASE("only a listening TCP socket is taken", "[http_server]") {
  EchoService echo;
  fakes::CallLog log([] { return 0.0; });
  boost::asio::io_context loop;
  fakes::HttpServer server(loop, {"echo", &echo, &log}, fakes::FaultPlan());
  CHECK_FALSE(server.serve(os::Fd()).ok());
  CHECK_FALSE(server.serve(os::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))).ok());
  CHECK_FALSE(server.serve(os::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0))).ok());
  CHECK(server.port() == 0);
}

namespace {

class HoldingGate : public fakes::ReplyGate {
 public:
  void ask(std::size_t index, const model::Call& call, std::function<void()> go) override {
    asked.push_back(call.target);
    indices.push_back(index);
    gos.push_back(std::move(go));
  }
  std::vector<std::string> asked;
  std::vector<std::size_t> indices;
  std::vector<std::function<void()>> gos;
};

}  // namespace

TEST_CASE("a gate decides when each reply goes, and a reply is there when it has gone",
          "[http_server]") {
  EchoService echo;
  HoldingGate gate;
  Bench bench(echo, nullptr, &gate);
  Client first = bench.client();
  Client second = bench.client();
  first.send(request("GET", "/1"));
  run_until(bench.loop, {&first}, [&] { return gate.asked.size() == 1; });
  second.send(request("GET", "/2"));
  run_until(bench.loop, {&second}, [&] { return gate.asked.size() == 2; });
  run_idle(bench.loop, {&first, &second});
  CHECK(gate.asked == std::vector<std::string>{"/1", "/2"});
  CHECK(gate.indices == std::vector<std::size_t>{0, 1});
  CHECK((first.text().empty() && second.text().empty()));
  REQUIRE(bench.server->outstanding().size() == 2);
  CHECK(bench.server->outstanding()[0].state == ReplyState::kGated);

  gate.gos[1]();
  second.step();  // the loop has not run
  CHECK(parse_reply(second.text())->body == "GET /2 ");
  first.step();
  CHECK(first.text().empty());
  gate.gos[1]();  // again: nothing
  gate.gos[0]();
  first.step();
  CHECK(parse_reply(first.text())->body == "GET /1 ");
  run_until(bench.loop, {}, [&] { return bench.server->outstanding().empty(); });

  second.send(request("GET", "/3"));
  run_until(bench.loop, {&second}, [&] { return gate.asked.size() == 3; });
  bench.server.reset();
  gate.gos[2]();  // too late: nothing
}
