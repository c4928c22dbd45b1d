#include "contract/contract_init.h"

#include "contract/contract.h"
#include "local_runner.h"

using namespace relapse::env;
using nlohmann::json;

namespace {

std::string folder_of(const Repository& repository) {
  std::string path = repository.path("");
  path.pop_back();
  return path;
}

ScanResult scan_of(const Repository& repository) {
  auto scan = scan_folder(folder_of(repository));
  REQUIRE(scan);
  return *scan;
}

// What is written must be read again, whatever the project.
json first(const Repository& repository, const std::optional<DeployPlace>& deploy = std::nullopt,
           const std::optional<SuppliedReport>& supplied = std::nullopt) {
  const std::string text =
      first_contract(folder_of(repository), scan_of(repository), deploy, supplied);
  auto contract = parse_contract(text, repository.path("relapse.env.json"));
  INFO(text);
  CHECK((contract ? "" : contract.error().text()) == "");
  return json::parse(text);
}

}  // namespace

TEST_CASE("a first contract says how a Vite project is built and developed", "[init]") {
  const Repository repository{
      {"package.json", R"({"scripts": {"build": "vite build", "dev": "vite"}})"},
      {"pnpm-lock.yaml", ""},
      {"vite.config.ts", ""},
      {"src/a.ts", "const a = import.meta.env.VITE_A, b = import.meta.env.VITE_B ?? 'b';\n"}};
  const json contract = first(repository);
  CHECK(contract["build"] == json{{"command", "pnpm run build"}, {"output", "dist"}});
  CHECK(contract["dev"] == json{{"command", "pnpm run dev"}, {"ready", "Local"}});
  CHECK(contract["names"]["VITE_A"]["need"] == "required");
  CHECK(contract["names"]["VITE_A"]["why"] == "read in src/a.ts:1");
  CHECK(contract["names"]["VITE_B"]["need"] == "optional");
}

TEST_CASE("other builds are known by their files, and none is made up", "[init]") {
  CHECK(first(Repository{{"Cargo.toml", ""}})["build"]["output"] == "target/release");
  CHECK(first(Repository{{"Makefile", "all:\n"}})["build"]["command"] == "make");
  CHECK_FALSE(first(Repository{{"readme", ""}}).contains("build"));
  CHECK_FALSE(first(Repository{{"package.json", "no JSON"}}).contains("build"));
  const Repository next{{"package.json", R"({"scripts": {"build": "next build", "dev": "next"}})"},
                        {"next.config.mjs", ""},
                        {"yarn.lock", ""}};
  CHECK(first(next)["build"] == json{{"command", "yarn run build"}, {"output", ".next"}});
  CHECK_FALSE(first(next).contains("dev"));
}

TEST_CASE("names of tests and names that the source sets are not promised", "[init]") {
  const Repository repository{{"a.test.js", "process.env.ONLY_TEST;\n"},
                              {"b.js", "process.env.SET = '1'; process.env.SET;\n"}};
  CHECK(first(repository)["names"].empty());
}

TEST_CASE("what a deploy takes from secrets is a secret, what nobody reads is optional", "[init]") {
  const Repository repository{{"a.js", "process.env.TOKEN;\n"},
                              {".github/workflows/deploy.yml",
                               "jobs:\n  web:\n    steps:\n      - run: vercel deploy\n"
                               "        env: { TOKEN: \"${{ secrets.TOKEN }}\" }\n"}};
  const auto deploys = find_deploys(folder_of(repository));
  REQUIRE(deploys.size() == 1);
  CHECK(deploys.front().job == "web");
  SuppliedReport supplied;
  supplied.names.push_back({"IDLE", SupplyState::kSet, "deploy.yml", 5, "", "", "", "planted"});
  const json contract = first(repository, deploys.front(), supplied);
  CHECK(contract["deploy"]["workflow"] == ".github/workflows/deploy.yml");
  CHECK(contract["names"]["TOKEN"]["secret"] == true);
  CHECK(contract["names"]["IDLE"]["need"] == "optional");
  CHECK(contract.dump().find("planted") == std::string::npos);
}

TEST_CASE("the likeliest job comes first", "[init]") {
  const Repository repository{
      {".github/workflows/ci.yml", "jobs:\n  test:\n    steps:\n      - run: npm test\n"},
      {".github/workflows/ship.yml",
       "jobs:\n  lint:\n    steps:\n      - run: npm run lint\n"
       "  deploy:\n    steps:\n      - run: vercel deploy\n"}};
  const auto deploys = find_deploys(folder_of(repository));
  REQUIRE_FALSE(deploys.empty());
  CHECK(deploys.front().job == "deploy");
  CHECK(find_deploys("/nowhere/at/all").empty());
}
