#include "contract/contract.h"

#include "catch.h"

using relapse::env::Need;
using relapse::env::parse_contract;

namespace {

constexpr const char* kFile = "/project/relapse.env.json";

const char* const kWhole = R"({
  "build": { "command": "npm run build", "output": "dist" },
  "deploy": {
    "workflow": ".github/workflows/deploy.yml", "job": "platform",
    "values": { "vars": { "API_URL": "https://api.test" }, "secrets": { "TOKEN": "hidden-1" } }
  },
  "page": { "ready": "[data-ready]" },
  "dev": { "command": "npm run dev", "ready": "Local:" },
  "names": {
    "API_URL": "required",
    "DEBUG": "optional",
    "TOKEN": "secret",
    "KEY": { "need": "required", "secret": true, "why": "it signs", "sample": "hidden-2" }
  }
})";

std::string refusal(const std::string& text) {
  auto read = parse_contract(text, kFile);
  return read ? "" : read.error().text();
}

}  // namespace

TEST_CASE("a contract says how to build, deploy and open, and what each name is") {
  auto contract = parse_contract(kWhole, kFile);
  REQUIRE(contract);
  CHECK(contract->build->outputs == std::vector<std::string>{"dist"});
  CHECK(contract->deploy->workflow == "/project/.github/workflows/deploy.yml");
  CHECK(contract->page->ready == "[data-ready]");
  CHECK(contract->dev->ready == "Local:");
  CHECK(contract->names.at("API_URL").need == Need::kRequired);
  CHECK(contract->names.at("DEBUG").need == Need::kOptional);
  CHECK(contract->names.at("TOKEN").need == Need::kOptional);
  CHECK(contract->names.at("TOKEN").secret);
  CHECK(contract->names.at("KEY").need == Need::kRequired);
  CHECK(contract->names.at("KEY").secret);
  CHECK(contract->names.at("KEY").line == 13);
  CHECK(contract->secret_values() == std::vector<std::string>{"hidden-2", "hidden-1"});
}

TEST_CASE("what is wrong in a contract is told with its line and what was meant") {
  CHECK(refusal("{\n \"bild\": {}\n}").find(":2: ") != std::string::npos);
  CHECK(refusal("{\n \"bild\": {}\n}").find("build") != std::string::npos);
  CHECK(refusal("{ \"names\": {\n \"A\": \"requird\"\n} }").find(":2: 'requird' is no need") !=
        std::string::npos);
  CHECK(refusal("{ \"names\": {\n \"A\": 5\n} }").find(":2: ") != std::string::npos);
  CHECK(refusal("{ \"names\": {\n \"A B\": \"optional\"\n} }").find("no name of a variable") !=
        std::string::npos);
  CHECK(refusal("{ \"build\": { \"command\": \"make\" } }").find("output") != std::string::npos);
  CHECK(refusal("{ \"page\": {} }").find("no build makes it") != std::string::npos);
  CHECK(refusal("{\n\n x }").find(":3: not JSON") != std::string::npos);
  CHECK(refusal("{ \"deploy\": { \"workflow\": \"w\", \"values\": { \"var\": {} } } }")
            .find("did you mean 'vars'?") != std::string::npos);
}
