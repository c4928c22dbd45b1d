#include "page/page_check.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "catch.h"

using namespace relapse;
using env::PageVerdict;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/relapse-pages-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string page(const std::string& name, const std::string& content) const {
    fs::create_directories(path_ / name);
    std::ofstream(path_ / name / "index.html") << content;
    return path_ / name;
  }

 private:
  fs::path path_;
};

// Stands in for the driver: a page shows what its index.html holds.
class FakeBrowser : public env::CommandRunner {
 public:
  model::Result<std::vector<model::Observation>> run(const std::vector<env::WorldCommand>& commands,
                                                     int /*jobs*/) override {
    REQUIRE(commands.size() == 1);
    command = commands.front();
    const json job = json::parse(command.files.at(0).content);
    const std::string& out = command.collect.at(0).copy_to;
    fs::create_directories(out);
    for (const auto& page : job["pages"]) {
      ++looks;
      const std::string url = page["url"];
      const std::string label = url.substr(7, url.find('.') - 7);
      const std::string folder = command.fakes["site"]["folders"][label];
      std::ifstream file(folder + "/index.html");
      std::string text;
      std::getline(file, text);
      const json seen = {{"name", page["name"]},
                         {"url", url},
                         {"status", 200},
                         {"text", {text}},
                         {"marks", json::object()},
                         {"exceptions", json::array()},
                         {"console_errors", json::array()},
                         {"requests", json::array()},
                         {"duration_ms", 1}};
      std::ofstream(out + "/" + page["name"].get<std::string>() + ".json") << seen.dump();
    }
    model::Observation ended;
    ended.end = model::TrialEnd::kExited;
    ended.exit_code = exit_code;
    return std::vector<model::Observation>{ended};
  }
  int interrupted() const override { return 0; }

  env::WorldCommand command;
  int looks = 0;
  int exit_code = 0;
};

const env::PageTools kTools = {"/driver", "node", "/usr/bin/chromium"};

}  // namespace

TEST_CASE("pages of the same content are opened once", "[page]") {
  Folder folder;
  FakeBrowser browser;
  env::PageCheckRequest request;
  request.artifacts = {{"unset", folder.page("a", "bad"), false},
                       {"empty", folder.page("b", "bad"), false},
                       {"good", folder.page("c", "good"), true}};
  auto verdicts = env::check_pages(browser, kTools, request);
  REQUIRE(verdicts.ok());
  CHECK(browser.looks == 3);  // one of "bad", two of the reference
  REQUIRE(verdicts->size() == 3);
  CHECK(verdicts->at(0).findings.at(0).sentence == "the page lacks the text 'good' and says 'bad'");
  CHECK(verdicts->at(1).same_as == "unset");
  CHECK(verdicts->at(1).findings.size() == verdicts->at(0).findings.size());
  CHECK(verdicts->at(2).findings.empty());
}

TEST_CASE("a page with the reference's content is the reference", "[page]") {
  Folder folder;
  FakeBrowser browser;
  env::PageCheckRequest request;
  request.artifacts = {{"built", folder.page("a", "good"), false},
                       {"other", folder.page("b", "bad"), false},
                       {"reference", folder.page("c", "good"), true}};
  auto verdicts = env::check_pages(browser, kTools, request);
  REQUIRE(verdicts.ok());
  CHECK(browser.looks == 3);
  CHECK(verdicts->at(0).findings.empty());
  CHECK(verdicts->at(1).findings.size() == 1);
  CHECK(verdicts->at(2).same_as == "built");
}

TEST_CASE("a browser that cannot be used is no verdict on a page", "[page]") {
  Folder folder;
  FakeBrowser browser;
  browser.exit_code = 3;
  env::PageCheckRequest request;
  request.artifacts = {{"built", folder.page("a", "x"), false}};
  auto verdicts = env::check_pages(browser, kTools, request);
  REQUIRE_FALSE(verdicts.ok());
  CHECK_THAT(verdicts.error().text(), Catch::Contains("the browser could not be used"));
  request.artifacts = {{"built", "/nowhere/at/all", false}};
  CHECK_FALSE(env::check_pages(browser, kTools, request).ok());
}

TEST_CASE("a driver without its packages is missing", "[page]") {
  auto tools = env::find_page_tools("/nowhere");
  REQUIRE_FALSE(tools.ok());
  CHECK(tools.error().kind == model::ErrorKind::kUnavailable);
}
