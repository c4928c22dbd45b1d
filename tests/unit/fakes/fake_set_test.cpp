#include "fakes/fake_set.h"

#include "bench.h"
#include "catch.h"

using namespace relapse;
using fakes::StorageFake;
using test::Client;
using test::request;
using test::run_until;

namespace {

struct Set {
  explicit Set(const char* text) : log([] { return 0.0; }) {
    auto config = fakes::parse_fakes(text);
    INFO((config.ok() ? "" : config.error().text()));
    REQUIRE(config.ok());
    std::map<std::string, os::Fd> listeners;
    for (const std::string& name : config->names()) {
      os::Fd listener = test::make_listener();
      ports[name] = test::port_of(listener.get());
      listeners.emplace(name, std::move(listener));
    }
    auto started =
        fakes::FakeSet::start(loop, *config, {&log, nullptr, "kiwi"}, std::move(listeners));
    REQUIRE(started.ok());
    set = *std::move(started);
  }

  boost::asio::io_context loop;
  fakes::CallLog log;
  std::map<std::string, std::uint16_t> ports;
  std::unique_ptr<fakes::FakeSet> set;
};

}  // namespace

TEST_CASE("the fakes of a trial share one log, one release and one end", "[fake_set]") {
  Set fakes(R"({"model": {"faults": [{"match": "*", "always": {"hold": {"release": "go"}}}]},
                "control_plane": {"faults": [{"match": "*", "always": "hold"}]},
                "storage": {"archives": {"/a": {"entries": []}}}})");
  CHECK(fakes.ports.size() == 3);
  REQUIRE(fakes.set->storage() != nullptr);
  CHECK(fakes.set->storage()->archives().contains("/a"));
  Client plane(fakes.ports["control_plane"]);
  Client model(fakes.ports["model"]);
  Client storage(fakes.ports["storage"]);
  auto run = [&](const std::function<bool()>& done) {
    run_until(fakes.loop, {&plane, &model, &storage}, done);
  };
  plane.send(request("GET", "/"));
  run([&] { return fakes.log.calls().size() == 1; });
  model.send(request("GET", "/"));
  run([&] { return fakes.log.calls().size() == 2; });
  storage.send(request("GET", "/a"));
  run([&] { return !storage.text().empty(); });
  CHECK(fakes.log.calls()[0].fake == "control_plane");
  CHECK(fakes.log.calls()[1].fake == "model");
  CHECK(fakes.log.calls()[2].fake == "storage");
  run([&] { return fakes.set->outstanding().size() == 2; });
  auto open = fakes.set->outstanding();
  CHECK(open[0].fake == "control_plane");
  CHECK(open[0].state == model::ReplyState::kHeldOpen);
  CHECK(open[1].fake == "model");
  CHECK(open[1].state == model::ReplyState::kHeld);
  fakes.set->release("go");
  run([&] { return !model.text().empty(); });
  fakes.set->stop();
  run([&] { return plane.over() && model.over() && storage.over(); });
}

TEST_CASE("a set needs a listener for each fake, and knows no others", "[fake_set]") {
  boost::asio::io_context loop;
  fakes::CallLog log([] { return 0.0; });
  auto config = fakes::parse_fakes(R"({"model": {}})");
  REQUIRE(config.ok());
  CHECK(config->names() == std::vector<std::string>{"model"});
  auto started = fakes::FakeSet::start(loop, *config, {&log, nullptr, "w"}, {});
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message == "no listening socket for the fake 'model'");
  auto unknown = fakes::parse_fakes(R"({"database": {}})");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().message == "there is no field 'database'");
  CHECK(unknown.error().pointer == "/database");
  CHECK(unknown.error().kind == model::ErrorKind::kScenario);
}

TEST_CASE("no bytes make the reader of configurations fail otherwise than with an error",
          "[fake_set]") {
  const std::string whole = R"({"model": {"text": "x", "faults": [{"match": "GET /*", "then":
    [503, {"hold": {"requests": 2, "match": "*"}, "slow": {"bytes": 1, "every_ms": 2}}]}]},
    "control_plane": {"token": "t"}, "storage": {"archives": {"/a": {"entries":
    [{"path": "p", "mode": "0644", "count": 2, "size": 3}], "damage": {"keep_bytes": 1}}}}})";
  REQUIRE(fakes::parse_fakes(whole).ok());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CHECK_FALSE(fakes::parse_fakes(whole.substr(0, at)).ok());
    for (char replacement : {'\0', '\xff', '"', '{', ']', '9', '-', 'n'}) {
      std::string mutant = whole;
      mutant[at] = replacement;
      auto parsed = fakes::parse_fakes(mutant);
      if (parsed.ok() && parsed->storage) {
        CHECK(StorageFake::make(*parsed->storage).ok());
      }
    }
  }
  CHECK_FALSE(fakes::parse_fakes(std::string(100'000, '[')).ok());
}
