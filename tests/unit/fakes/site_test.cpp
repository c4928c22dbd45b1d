#include "fakes/site.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench.h"
#include "catch.h"

using namespace relapse;
using fakes::SiteConfig;
using fakes::SiteFake;
using nlohmann::json;
using test::Bench;
using test::request;

namespace {

// Two built pages side by side, gone with the test.
class Pages {
 public:
  Pages() {
    char name[] = "/tmp/relapse-site-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    root_ = name;
    write("built/index.html", "<p>built</p>");
    write("built/assets/a b.js", "1");
    write("built/about.html", "about");
    write("built/docs/index.html", "docs");
    write("other/index.html", "<p>other</p>");
    write("secret.txt", "secret");
  }
  ~Pages() { std::filesystem::remove_all(root_); }
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;

  void write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << content;
  }
  std::filesystem::path at(const std::string& path) const { return root_ / path; }

  SiteFake site(const std::string& fallback, bool both = true) const {
    json value = {{"folders", {{"built", at("built").string()}}}, {"fallback", fallback}};
    if (both) {
      value["folders"]["other"] = at("other").string();
    }
    auto config = SiteConfig::parse(value, "/s");
    REQUIRE(config.ok());
    auto fake = SiteFake::make(*config);
    REQUIRE(fake.ok());
    return *std::move(fake);
  }

 private:
  std::filesystem::path root_;
};

std::string get(const std::string& path, const std::string& host) {
  return "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
}

}  // namespace

TEST_CASE("files are served by the host's first label", "[site]") {
  Pages pages;
  auto site = pages.site("");
  Bench bench(site);
  auto reply = bench.ask(get("/", "built.localhost:80"));
  CHECK(reply.status == 200);
  CHECK(reply.body == "<p>built</p>");
  CHECK(reply.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(bench.ask(get("/index.html?x=1", "other.localhost")).body == "<p>other</p>");
  CHECK(bench.ask(get("/", "third.localhost")).status == 404);
  auto script = bench.ask(get("/assets/a%20b.js", "built.localhost"));
  CHECK(script.body == "1");
  CHECK(script.header("Content-Type") == "text/javascript; charset=utf-8");
}

TEST_CASE("paths without an ending are looked for as static hosts do", "[site]") {
  Pages pages;
  auto site = pages.site("", /*both=*/false);
  Bench bench(site);
  CHECK(bench.ask(get("/about", "127.0.0.1")).body == "about");
  CHECK(bench.ask(get("/docs", "127.0.0.1")).body == "docs");
  CHECK(bench.ask(get("/settings", "127.0.0.1")).status == 404);
  CHECK(bench.ask(request("POST", "/", "x")).status == 405);
}

TEST_CASE("a single-page app's routes get its page, missing scripts do not", "[site]") {
  Pages pages;
  auto site = pages.site("index.html", /*both=*/false);
  Bench bench(site);
  CHECK(bench.ask(get("/settings/keys", "127.0.0.1")).body == "<p>built</p>");
  CHECK(bench.ask(get("/undefined/api", "127.0.0.1")).body == "<p>built</p>");
  CHECK(bench.ask(get("/assets/gone.js", "127.0.0.1")).status == 404);
}

TEST_CASE("nothing leads out of a site's folder", "[site]") {
  Pages pages;
  REQUIRE(::symlink("../secret.txt", pages.at("built/up.txt").c_str()) == 0);
  REQUIRE(::symlink("/etc/passwd", pages.at("built/passwd.txt").c_str()) == 0);
  REQUIRE(::mkfifo(pages.at("built/fifo.txt").c_str(), 0600) == 0);
  auto site = pages.site("", /*both=*/false);
  Bench bench(site);
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/up.txt", "/passwd.txt", "/fifo.txt", "/assets"}) {
    INFO(path);
    CHECK(bench.ask(get(path, "127.0.0.1")).status == 404);
  }
}

TEST_CASE("the site's configuration is checked", "[site]") {
  auto error_of = [](const json& value) {
    auto config = SiteConfig::parse(value, "/s");
    return config.ok() ? std::string() : config.error().text();
  };
  CHECK_THAT(error_of(json::object()), Catch::Contains("'folders' is missing"));
  CHECK_THAT(error_of({{"folders", {{"a", "dist"}}}}), Catch::Contains("absolute"));
  CHECK_THAT(error_of({{"folders", {{"a", "/x"}}}, {"falback", "i"}}), Catch::Contains("fallback"));
  auto missing = SiteConfig::parse({{"folders", {{"a", "/nowhere/at/all"}}}}, "/s");
  REQUIRE(missing.ok());
  CHECK_FALSE(SiteFake::make(*missing).ok());
}
