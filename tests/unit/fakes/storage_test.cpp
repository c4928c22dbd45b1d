#include "fakes/storage.h"

#include "bench.h"
#include "catch.h"

using namespace relapse;
using fakes::StorageConfig;
using fakes::StorageFake;
using nlohmann::json;
using test::Bench;
using test::request;

namespace {

constexpr const char* kTwo = R"({"archives": {
  "/a.tar.gz": {"entries": [{"path": "x", "content": "1"}]},
  "/b.tar.gz": {"entries": [], "form": "html"}}})";

StorageFake storage_of(const char* text) {
  auto config = StorageConfig::parse(json::parse(text), "/s");
  INFO((config.ok() ? "" : config.error().text()));
  REQUIRE(config.ok());
  auto fake = StorageFake::make(*config);
  REQUIRE(fake.ok());
  return *std::move(fake);
}

}  // namespace

TEST_CASE("archives are served at their paths", "[storage]") {
  auto storage = storage_of(kTwo);
  Bench bench(storage);
  auto reply = bench.ask(request("GET", "/a.tar.gz?signature=s"));
  CHECK(reply.status == 200);
  CHECK(reply.header("Content-Type") == "application/gzip");
  CHECK(reply.body == storage.archives().at("/a.tar.gz").bytes);
  CHECK(bench.ask(request("GET", "/b.tar.gz")).body.find("<!DOCTYPE html>") == 0);
  auto head = bench.ask(request("HEAD", "/a.tar.gz"), /*no_body=*/true);
  CHECK(head.header("Content-Length") == std::to_string(reply.body.size()));
  auto missing = bench.ask(request("GET", "/c.tar.gz"));
  CHECK(missing.status == 404);
  CHECK(missing.body.find("<Code>NoSuchKey</Code>") != std::string::npos);
  CHECK(bench.ask(request("PUT", "/a.tar.gz", "x")).status == 405);
}

TEST_CASE("storage goes wrong per request", "[storage]") {
  auto storage = storage_of(kTwo);
  Bench bench(storage, json::parse(R"([
    {"match": "GET /a*", "then": [503, {"cut": {"after": 9}}]},
    {"match": "/moved", "always": {"redirect": "/a.tar.gz"}}])"));
  auto busy = bench.ask(request("GET", "/a.tar.gz"));
  CHECK(busy.status == 503);
  CHECK(busy.body.find("SlowDown") != std::string::npos);
  CHECK(bench.ask(request("GET", "/a.tar.gz")).body.size() == 9);
  CHECK(bench.ask(request("GET", "/a.tar.gz")).whole);
  CHECK(bench.ask(request("GET", "/moved")).header("Location") == "/a.tar.gz");
}

TEST_CASE("the storage's configuration is checked", "[storage]") {
  auto error_of = [](const char* text) {
    auto config = StorageConfig::parse(json::parse(text), "/s");
    return config.ok() ? std::string() : config.error().pointer + ": " + config.error().message;
  };
  CHECK(error_of("{}").find("/s/archives: ") == 0);
  CHECK(error_of(R"({"archives": []})").find("/s/archives: ") == 0);
  CHECK(error_of(R"({"archives": {"a": {}}})").find("/s/archives/a: ") == 0);
  CHECK(error_of(R"({"archives": {"/a?b": {}}})").find("/s/archives/~1a?b: ") == 0);
  CHECK(error_of(R"({"archives": {"/a": {"entries": [1]}}})").find("/s/archives/~1a/entries/0: ") ==
        0);
  CHECK(error_of(R"({"archives": {}, "faults": [1]})").find("/s/faults/0") == 0);
}
