// What a deploying tool gets when it is called by a script of package.json, a makefile or a file:
// each is run, and the line that supplies a name is that file's.
#include <fmt/format.h>

#include <set>

#include "local_runner.h"
#include "supplied/supplied.h"

using namespace relapse::env;

namespace {

using ScriptLines = std::set<std::string>;
using Files = std::initializer_list<std::pair<std::string, std::string>>;

// "NAME state file:line" of a deploy whose only step runs `run`.
ScriptLines supplied_by_scripts(const std::string& run, Files files, const std::string& env = "") {
  const Repository repository(files);
  repository.write(".github/workflows/deploy.yml",
                   fmt::format("jobs:\n  deploy:\n    steps:\n      - run: {}\n{}", run,
                               env.empty() ? "" : "        env: " + env + "\n"));
  JobRequest request;
  request.workflow = repository.path(".github/workflows/deploy.yml");
  request.job = "deploy";
  request.base = repository.path("recorder");
  LocalRunner runner;
  auto report = find_supplied(request, runner);
  INFO((report ? "" : report.error().text()));
  REQUIRE(report);
  for (const auto& note : report->notes) {
    CAPTURE(note.what);
    CHECK(note.what.find("ended with") == std::string::npos);
  }
  ScriptLines out;
  for (const auto& name : report->names) {
    out.insert(fmt::format("{} {} {}:{}", name.name, to_word(name.state), name.file, name.line));
  }
  return out;
}

std::string package(const std::string& script) {
  return "{\n  \"name\": \"web\",\n  \"scripts\": {\n    " + script + "\n  }\n}\n";
}

const std::string kDeploy =
    R"("deploy": "FOO=bar && vercel deploy --build-env KEY=$FOO --build-env GONE=$NONE")";
const ScriptLines kDeployed = {"KEY set package.json:4", "GONE empty package.json:4"};

}  // namespace

TEST_CASE("a script of package.json is run, by whatever manager", "[supplied]") {
  for (const char* run :
       {"npm run deploy", "npm run deploy --silent", "pnpm run deploy", "pnpm deploy-web",
        "yarn deploy", "yarn run deploy", "bun run deploy", "corepack yarn deploy"}) {
    CAPTURE(run);
    const std::string script =
        run == std::string("pnpm deploy-web") ? "\"deploy-web" + kDeploy.substr(7) : kDeploy;
    // What npm itself was given reaches no build of vercel's.
    CHECK(supplied_by_scripts(run, {{"package.json", package(script)}}, "{ OTHER: o }") ==
          kDeployed);
  }
}

TEST_CASE("words after a script go to its tool", "[supplied]") {
  const Files files = {{"package.json", package(R"("ship": "vercel deploy -b A=a")")}};
  CHECK(supplied_by_scripts("npm run ship -- --build-env B=b", files) ==
        ScriptLines{"A set package.json:4", "B set .github/workflows/deploy.yml:4"});
  CHECK(supplied_by_scripts("pnpm ship --build-env B=b", files) ==
        ScriptLines{"A set package.json:4", "B set .github/workflows/deploy.yml:4"});
}

TEST_CASE("a script within a script, before it and after it", "[supplied]") {
  CHECK(supplied_by_scripts("npm run deploy", {{"package.json",
                                                "{ \"scripts\": {\n"
                                                "  \"predeploy\": \"A=1 npm run build\",\n"
                                                "  \"build\": \"B=2 next build\",\n"
                                                "  \"deploy\": \"vercel deploy -b C=3\"\n}}\n"}}) ==
        ScriptLines{"A set package.json:2", "B set package.json:3", "C set package.json:4"});
}

TEST_CASE("cross-env, env, export and dotenv set what the tool gets", "[supplied]") {
  const auto with = [](const std::string& body) {
    return supplied_by_scripts(
        "npm run build",
        {{"package.json", package("\"build\": \"" + body + "\"")}, {"settings", "A=1\nB='2'\n"}});
  };
  const ScriptLines one = {"A set package.json:4"};
  CHECK(with("cross-env A=1 vite build") == one);
  CHECK(with("npx cross-env A=1 npx vite build") == one);
  CHECK(with("env A=1 vite build") == one);
  CHECK(with("export A=1 && vite build") == one);
  CHECK(with("A=1 pnpm exec vite build") == one);
  CHECK(with("dotenv -e settings -- vite build").size() == 2);
}

TEST_CASE("a project's own tool is given what the script sets", "[supplied]") {
  CHECK(supplied_by_scripts(
            "npm run build",
            {{"package.json", package(R"("build": "A=1 own-bundler --all && own-check")")}},
            "{ B: b }") ==
        ScriptLines{"A set package.json:4", "B set .github/workflows/deploy.yml:5"});
  // A script that does not build says nothing, whatever it calls.
  CHECK(supplied_by_scripts("npm run lint",
                            {{"package.json", package(R"("lint": "A=1 own-linter")")}})
            .empty());
  // Without a script there is the call alone.
  CHECK(supplied_by_scripts("npm run build", {{"readme", ""}}, "{ B: b }") ==
        ScriptLines{"B set .github/workflows/deploy.yml:5"});
}

TEST_CASE("a script of another package, by folder or by name", "[supplied]") {
  for (const char* run :
       {"npm run ship --workspace web", "npm run ship -w apps/web",
        "npm --prefix apps/web run ship", "pnpm --filter web ship", "pnpm -C apps/web run ship",
        "yarn workspace web ship", "yarn --cwd apps/web ship", "pnpm -r run ship"}) {
    CAPTURE(run);
    CHECK(supplied_by_scripts(
              run, {{"package.json", "{\"name\": \"root\", \"scripts\": {}}"},
                    {"apps/web/package.json", package(R"("ship": "A=1 vite build")")}}) ==
          ScriptLines{"A set apps/web/package.json:4"});
  }
}

TEST_CASE("a script in a file, and what it calls, is named with its line", "[supplied]") {
  CHECK(supplied_by_scripts("sh tools/ship.sh",
                            {{"tools/ship.sh", "set -e\nexport A=1\nB=2 \\\n  sh tools/inner.sh\n"},
                             {"tools/inner.sh", "# A\nC=3 vite build\n"}},
                            "{ D: d }") ==
        ScriptLines{"A set tools/ship.sh:2", "B set tools/ship.sh:3", "C set tools/inner.sh:2",
                    "D set .github/workflows/deploy.yml:5"});
}

TEST_CASE("what the step began with is the step's, though a file names it too", "[supplied]") {
  const Files files = {{"ship.sh", "A=${A:-other}\nB=again\nexport A B\nvite build\n"}};
  CHECK(supplied_by_scripts("sh ship.sh", files, "{ A: a, B: b }") ==
        ScriptLines{"A set .github/workflows/deploy.yml:5", "B set ship.sh:2"});
}

TEST_CASE("a makefile's recipe is run, and its line named", "[supplied]") {
  if (relapse::os::find_on_path("make").empty()) {
    WARN("there is no make");
    return;
  }
  CHECK(supplied_by_scripts("make ship",
                            {{"Makefile", "export A = 1\n\nship:\n\tB=2 npm run build\n"},
                             {"package.json", package(R"("build": "vite build")")}}) ==
        ScriptLines{"A set Makefile:1", "B set Makefile:4"});
}
