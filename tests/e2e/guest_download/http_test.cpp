// What is asked of the storage service, what is asked again, and what is given up.

#include <atomic>
#include <memory>

#include "catch.h"
#include "guest_download/download.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;

namespace {

const std::string small_archive = tar_gz({{"f", "content"}});
const Tree small_tree = {{"m/f", "content"}};

// A handler that answers wrongly `times` times, then well.
Handler well_after(int times, const Handler& wrong) {
  const auto seen = std::make_shared<std::atomic<int>>(0);
  return [=](Socket& socket, const Request& request) {
    if ((*seen)++ < times) {
      wrong(socket, request);
    } else {
      send_ok(socket, small_archive);
    }
  };
}

Handler status(int code) {
  return [code](Socket& socket, const Request&) { send_status(socket, code); };
}

struct Wrong {
  std::string target;
  Handler handler;
};

// What is worth another attempt. In one manifest, so that the pauses pass together.
std::vector<Wrong> transient_answers() {
  return {{"/503", status(503)},
          {"/500", status(500)},
          {"/429", status(429)},
          {"/reset", [](Socket& socket, const Request&) { reset(socket); }},
          {"/closed", [](Socket&, const Request&) {}},
          {"/half-a-header",
           [](Socket& socket, const Request&) { send_bytes(socket, "HTTP/1.1 200 OK\r\ncont"); }}};
}

}  // namespace

TEST_CASE("the request is a GET that accepts gzip") {
  Scene scene;
  const std::string url = scene.route(
      "/a.tgz?sig=x%2Fy", [](Socket& socket, const Request&) { send_ok(socket, small_archive); });
  CHECK(scene.run({{"storages", {scene.entry("m", url)}}}).exit_code == 0);
  const std::vector<Request> requests = scene.server().requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method() == boost::beast::http::verb::get);
  CHECK(requests[0].target() == "/a.tgz?sig=x%2Fy");
  CHECK(requests[0]["accept-encoding"] == "gzip");
  CHECK("http://" + std::string(requests[0]["host"]) == scene.server().origin());
  CHECK(scene.tree() == small_tree);
}

TEST_CASE("a body may be chunked, end with the connection, or be coded with gzip once more") {
  Scene scene;
  const Handler handler =
      GENERATE(Handler([](Socket& socket, const Request&) { send_chunked(socket, small_archive); }),
               Handler([](Socket& socket, const Request&) {
                 send_bytes(socket, "HTTP/1.1 200 OK\r\n\r\n" + small_archive);
               }),
               Handler([](Socket& socket, const Request&) {
                 send_ok(socket, gzip(small_archive), "content-encoding: gzip\r\n");
               }));
  const std::string url = scene.route("/a", handler);
  CHECK(scene.run({{"storages", {scene.entry("m", url)}}}).exit_code == 0);
  CHECK(scene.tree() == small_tree);
}

TEST_CASE("redirections are followed, relative ones too") {
  Scene scene;
  const std::string final_url = scene.serve(small_archive);
  scene.route("/x/second", [&](Socket& socket, const Request&) {
    send_status(socket, 307, "location: " + final_url + "\r\n");
  });
  const std::string url = scene.route("/x/first", [](Socket& socket, const Request&) {
    send_status(socket, 302, "location: second\r\n");
  });
  CHECK(scene.run({{"storages", {scene.entry("m", url)}}}).exit_code == 0);
  CHECK(scene.tree() == small_tree);
}

TEST_CASE("a circle of redirections is given up without another attempt") {
  Scene scene;
  const std::string url = scene.route("/circle", [](Socket& socket, const Request&) {
    send_status(socket, 302, "location: /circle\r\n");
  });
  const Run run = scene.run({{"storages", {scene.entry("m", url)}}});
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring("too many redirections"));
  CHECK(scene.server().count("/circle") == 11);
}

TEST_CASE("what goes wrong before the headers, 5xx and 429 are tried three times, a second apart") {
  Scene scene;
  json storages = json::array();
  for (const Wrong& wrong : transient_answers()) {
    storages.push_back(
        scene.entry("never" + wrong.target, scene.route(wrong.target, wrong.handler)));
  }
  const Run run = scene.run({{"storages", storages}});
  CHECK(run.exit_code == 1);
  for (const Wrong& wrong : transient_answers()) {
    CAPTURE(wrong.target);
    CHECK(scene.server().count(wrong.target) == 3);
  }
  // Two chunks, each with two pauses.
  CHECK(run.duration >= std::chrono::milliseconds(4000));
  CHECK(run.duration < std::chrono::milliseconds(12000));  // what six in a row would take
}

TEST_CASE("the third attempt may succeed") {
  Scene scene;
  json storages = json::array();
  for (const Wrong& wrong : transient_answers()) {
    if (storages.size() < 4) {
      const std::string url = scene.route(wrong.target, well_after(2, wrong.handler));
      storages.push_back(scene.entry("m" + std::to_string(storages.size()), url));
    }
  }
  CHECK(scene.run({{"storages", storages}}).exit_code == 0);
  CHECK(scene.server().requests().size() == 12);
  CHECK(scene.tree() ==
        Tree{{"m0/f", "content"}, {"m1/f", "content"}, {"m2/f", "content"}, {"m3/f", "content"}});
}

TEST_CASE("an empty URL, a refused connection and an unknown host are tried three times") {
  Scene scene;
  std::string refused;
  {
    const HttpServer gone([](Socket&, const Request&) {});
    refused = gone.origin() + "/x";
  }
  const Run run = scene.run({{"storages",
                              {scene.entry("empty", ""), scene.entry("refused", refused),
                               scene.entry("unknown", "http://no..such.host/x"),
                               scene.entry("file", "file:///etc/hostname")}}});
  CHECK(run.exit_code == 1);
  CHECK(run.duration >= std::chrono::milliseconds(2000));
  for (const char* mount : {"empty", "refused", "unknown", "file"}) {
    CAPTURE(mount);
    const std::string path = (scene.home() / mount).string();
    CHECK_THAT(run.err, ContainsSubstring("Attempt 1 for " + path));
    CHECK_THAT(run.err, ContainsSubstring("Attempt 2 for " + path));
    CHECK_THAT(run.err, ContainsSubstring("Download to " + path + " failed: "));
  }
  CHECK_THAT(run.err, ContainsSubstring("Connection refused"));
}

TEST_CASE("other answers, and all that goes wrong after the headers, are not tried again") {
  Scene scene;
  const Handler truncated = [](Socket& socket, const Request&) {
    send_bytes(socket,
               "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + small_archive.substr(0, 40));
  };
  const Handler broken = [](Socket& socket, const Request&) {
    send_bytes(socket,
               "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + small_archive.substr(0, 40));
    reset(socket);
  };
  json storages = json::array();
  const std::vector<Wrong> all = {{"/400", status(400)},     {"/401", status(401)},
                                  {"/403", status(403)},     {"/404", status(404)},
                                  {"/410", status(410)},     {"/304", status(304)},
                                  {"/truncated", truncated}, {"/broken", broken}};
  for (const Wrong& wrong : all) {
    storages.push_back(scene.entry("m" + wrong.target, scene.route(wrong.target, wrong.handler)));
  }
  const Run run = scene.run({{"storages", storages}});
  CHECK(run.exit_code == 1);
  for (const Wrong& wrong : all) {
    CAPTURE(wrong.target);
    CHECK(scene.server().count(wrong.target) == 1);
    CHECK_THAT(run.err,
               ContainsSubstring("Download to " + (scene.home() / ("m" + wrong.target)).string() +
                                 " failed: "));
  }
}

TEST_CASE("404 is a first run for an artifact and for memory, and so is no other 4xx") {
  Scene scene;
  const std::string missing = scene.server().origin() + "/missing";
  const Run run = scene.run({{"artifact", scene.entry("a", missing)},
                             {"artifacts", {scene.entry("b", missing)}},
                             {"memory", scene.entry("m", missing)}});
  CHECK(run.exit_code == 0);
  CHECK_THAT(run.err, ContainsSubstring("First run, skipped: " + (scene.home() / "m").string()));
  CHECK(scene.server().count("/missing") == 3);
  const std::string forbidden = scene.route("/403", status(403));
  CHECK(scene.run({{"memory", scene.entry("m", forbidden)}}).exit_code == 1);
}

TEST_CASE("an attempt has a deadline, before the headers and behind them") {
  using namespace guest_download;
  Scene scene;
  // The handlers end with the connection: the client gives up first.
  const auto wait_for_the_end = [](Socket& socket) {
    char byte = 0;
    boost::system::error_code ignored;
    socket.read_some(boost::asio::buffer(&byte, 1), ignored);
  };
  const std::string mute =
      scene.route("/mute", [&](Socket& socket, const Request&) { wait_for_the_end(socket); });
  const std::string stalled = scene.route("/stalled", [&](Socket& socket, const Request&) {
    send_bytes(socket,
               "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + small_archive.substr(0, 40));
    wait_for_the_end(socket);
  });
  DownloadOptions options;
  CHECK(options.attempt_limit == std::chrono::seconds(60));
  CHECK(options.pause == std::chrono::seconds(1));
  options.attempt_limit = std::chrono::milliseconds(100);
  options.pause = std::chrono::milliseconds(1);
  const std::string mount = (scene.home() / "m").string();
  for (const std::string& url : {mute, stalled}) {
    const auto failure = download(Entry{EntryKind::kStorage, mount, url, false}, options);
    REQUIRE(failure);
    CHECK_THAT(failure->message, ContainsSubstring("timed out"));
  }
  CHECK(scene.server().count("/mute") == 3);
  CHECK(scene.server().count("/stalled") == 1);
}

TEST_CASE("a proxy of the environment is asked with the whole URL, except for exempt hosts") {
  Scene scene;
  // A proxy's request line is the whole URL, and so is this route.
  scene.route("http://storage.test/a.tgz",
              [](Socket& socket, const Request&) { send_ok(socket, small_archive); });
  const json proxied = {{"storages", {scene.entry("m", "http://storage.test/a.tgz")}}};
  for (const std::string variable : {"HTTP_PROXY=", "http_proxy=", "ALL_PROXY=", "all_proxy="}) {
    const std::string setting = variable + scene.server().origin();
    CHECK(scene.run(proxied, Build::kGood, {setting}).exit_code == 0);
  }
  CHECK(scene.server().count("http://storage.test/a.tgz") == 4);
  CHECK(scene.tree() == small_tree);

  const json direct = {{"storages", {scene.entry("m", scene.serve(small_archive))}}};
  for (const char* exempt : {"NO_PROXY=example.org, 127.0.0.1", "no_proxy=*"}) {
    CHECK(scene.run(direct, Build::kGood, {"HTTP_PROXY=127.0.0.1:1", exempt}).exit_code == 0);
  }
}
