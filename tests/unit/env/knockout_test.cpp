// The whole of a knock-out against builds that are functions: no world, no process.

#include "knockout/knockout.h"

#include <stdlib.h>

#include <filesystem>

#include "catch.h"
#include "os/files.h"

namespace relapse::env {

namespace {

using model::Observation;
using model::TrialEnd;

struct Result {
  int exit_code = 0;
  std::string output;
  std::map<std::string, std::string> files;
  TrialEnd end = TrialEnd::kExited;
};
using Build = std::function<Result(const Environment&)>;

class FakeRunner : public CommandRunner {
 public:
  explicit FakeRunner(Build build) : build_(std::move(build)) {}

  model::Result<std::vector<Observation>> run(const std::vector<WorldCommand>& commands,
                                              int /*jobs*/) override {
    std::vector<Observation> all;
    for (const auto& command : commands) {
      Observation seen;
      seen.end = TrialEnd::kInterrupted;
      if (!command.still_wanted || command.still_wanted()) {
        seen = observe(command);
      }
      all.push_back(std::move(seen));
    }
    return all;
  }
  int interrupted() const override { return 0; }

  std::vector<std::string> labels;
  double now_ms = 0;

 private:
  Observation observe(const WorldCommand& command) {
    labels.push_back(command.label);
    Environment env = command.env;
    CHECK(env.erase("PATH") == 1);
    const Result result = build_(env);
    Observation seen;
    seen.end = result.end;
    seen.exit_code = result.exit_code;
    seen.output_tail = result.output;
    seen.duration_ms = 1000;
    now_ms += 1000;
    for (const auto& [path, text] : result.files) {
      model::FileEntry entry;
      entry.bytes = text.size();
      entry.sha256 = os::sha256_of_text(text);
      seen.trees["/p/dist"][path] = entry;
      if (!command.collect.front().copy_to.empty()) {
        const std::string to = command.collect.front().copy_to;
        std::filesystem::create_directories(to);
        REQUIRE(os::write_file_atomically(to + "/" + path, text).ok());
      }
    }
    return seen;
  }

  Build build_;
};

class Scratch {
 public:
  Scratch() {
    std::string name = "/tmp/relapse-unit-XXXXXX";
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Scratch() {
    std::error_code error;
    std::filesystem::remove_all(path, error);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string path;
};

struct Asked {
  Environment supplied;
  std::vector<std::string> candidates;
  std::optional<double> budget_ms;
};

model::Result<KnockoutReport> ask(FakeRunner& runner, const Asked& asked) {
  Scratch scratch;
  KnockoutRequest request;
  request.build = {"make"};
  request.folder = "/p";
  request.outputs = {"/p/dist"};
  request.clean.outputs = {"/p/dist"};
  request.base = {{"PATH", "/bin"}};
  request.supplied = asked.supplied;
  request.candidates = asked.candidates;
  request.budget_ms = asked.budget_ms;
  request.scratch = scratch.path;
  request.now_ms = [&runner] { return runner.now_ms; };
  return run_knockout(request, runner);
}

std::map<std::string, std::string> words(const KnockoutReport& report) {
  std::map<std::string, std::string> out;
  for (const auto& name : report.names) {
    out[name.name] =
        std::string(to_word(name.unset.effect)) + "/" + std::string(to_word(name.empty.effect));
  }
  return out;
}

std::string made_value(const Environment& env, const std::string& name,
                       const std::string& otherwise) {
  auto found = env.find(name);
  return found == env.end() ? otherwise : found->second;
}

}  // namespace

TEST_CASE("each name is judged by what becomes of the build without it, and with it empty") {
  FakeRunner runner([](const Environment& env) -> Result {
    if (made_value(env, "LOUD", "").empty()) {
      return {1, "LOUD is missing\n", {}};
    }
    if (!env.contains("DARK")) {
      return {2, "cannot read config\n", {}};
    }
    return {0, "> SLOW build\n", {{"a.js", made_value(env, "API", "default")}}};
  });
  auto report = ask(runner, {{{"LOUD", "x"}, {"DARK", "y"}, {"API", "z"}, {"IDLE", "w"}}, {}, {}});
  REQUIRE(report.ok());
  CHECK(report->reference.passes);
  CHECK(report->reference.deterministic);
  CHECK(words(*report) == std::map<std::string, std::string>{{"LOUD", "loud/loud"},
                                                             {"DARK", "obscure/none"},
                                                             {"API", "silent/silent"},
                                                             {"IDLE", "none/none"}});
  // The canary showed which one reaches the output: it is tried first.
  CHECK(report->names.front().name == "API");
  CHECK(report->names.front().reaches_output);
  CHECK(report->builds == 11);
}

TEST_CASE("what nobody supplies is tried with a made-up value") {
  FakeRunner runner([](const Environment& env) -> Result {
    return {
        0, "", {{"a.js", made_value(env, "API", "") + made_value(env, "OLD", "").substr(0, 0)}}};
  });
  auto report = ask(runner, {{{"OLD", "x"}}, {"API", "OTHER"}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report) == std::map<std::string, std::string>{{"API", "silent/silent"},
                                                             {"OTHER", "none/none"},
                                                             {"OLD", "none/none"}});
  CHECK(report->names.front().name == "API");
  CHECK_FALSE(report->names.front().supplied);
}

TEST_CASE("several are missing together: all are supplied, and one at a time is taken away") {
  FakeRunner runner([](const Environment& env) -> Result {
    for (const char* name : {"ONE", "TWO"}) {
      if (made_value(env, name, "").empty()) {
        return {1, std::string("no ") + name + "\n", {}};
      }
    }
    return {0, "", {{"a", "fixed"}}};
  });
  auto report = ask(runner, {{{"IDLE", "x"}}, {"ONE", "TWO"}, {}});
  REQUIRE(report.ok());
  CHECK_FALSE(report->reference.passes);
  CHECK(words(*report) == std::map<std::string, std::string>{
                              {"ONE", "loud/loud"}, {"TWO", "loud/loud"}, {"IDLE", "none/none"}});
}

TEST_CASE("a made-up value that a validator refuses spoils no other name") {
  FakeRunner runner([](const Environment& env) -> Result {
    const std::string port = made_value(env, "PORT", "80");
    if (port.find_first_not_of("0123456789") != std::string::npos) {
      return {1, "bad port\n", {}};
    }
    return {0, "", {{"a", port + made_value(env, "API", "")}}};
  });
  auto report = ask(runner, {{}, {"PORT", "API"}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report) ==
        std::map<std::string, std::string>{{"PORT", "silent/silent"}, {"API", "silent/silent"}});
}

TEST_CASE("a build that refuses several made-up values at once gets others for them") {
  FakeRunner runner([](const Environment& env) -> Result {
    if (made_value(env, "RELEASE", "").empty()) {
      return {1, "RELEASE is not set\n", {}};
    }
    const std::string workers = made_value(env, "WORKERS", "");
    if (workers.empty() || workers.find_first_not_of("0123456789") != std::string::npos) {
      return {1, "cc -DHOST=" + made_value(env, "HOST", "") + "\nerror: '" + workers + "'\n", {}};
    }
    if (!made_value(env, "ORIGIN", "").starts_with("https://")) {
      return {1, "TypeError: Invalid URL, input: " + made_value(env, "ORIGIN", "") + "\n", {}};
    }
    return {0, "", {{"a", made_value(env, "HOST", "") + made_value(env, "ORIGIN", "")}}};
  });
  auto report = ask(runner, {{}, {"RELEASE", "WORKERS", "ORIGIN", "HOST"}, {}});
  REQUIRE(report.ok());
  CHECK_FALSE(report->reference.passes);
  CHECK(words(*report) == std::map<std::string, std::string>{{"RELEASE", "loud/loud"},
                                                             {"WORKERS", "obscure/obscure"},
                                                             {"ORIGIN", "obscure/obscure"},
                                                             {"HOST", "silent/silent"}});
}

TEST_CASE("a build that varies now and then blames no name for it") {
  // Equal in the first round, by chance; then every other build is otherwise.
  int builds = 0;
  FakeRunner runner([&builds](const Environment& env) -> Result {
    ++builds;
    const bool flipped = builds > 3 && builds % 2 == 0;
    using namespace std::string_literals;
    return {0,
            "",
            {{"deps", "\1\0"s + (flipped ? "b.rs|a.rs" : "a.rs|b.rs")},
             {"main", made_value(env, "API", "none")}}};
  });
  auto report = ask(runner, {{{"API", "https://api"}, {"IDLE", "x"}}, {}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report) ==
        std::map<std::string, std::string>{{"API", "silent/silent"}, {"IDLE", "none/none"}});
  CHECK_FALSE(report->reference.deterministic);
  CHECK(report->reference.varying == std::vector<std::string>{"deps"});
}

TEST_CASE("names whose values cannot be seen cost no second look where the build is steady") {
  FakeRunner runner([](const Environment& env) -> Result {
    std::string text;
    for (const auto& [name, set] : env) {
      text += name == "IDLE" ? "" : name + std::to_string(set.size());
    }
    return {0, "", {{"a", text}}};
  });
  Environment given = {{"IDLE", "x"}};
  for (char name = 'A'; name <= 'J'; ++name) {
    given[std::string(1, name)] = "1";
  }
  auto report = ask(runner, {given, {}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report).at("A") == "silent/silent");
  CHECK(words(*report).at("IDLE") == "none/none");
  // Two of the base and the canaries', two for each of eleven names, and seven less those that
  // agreed, the last of them after all others.
  CHECK(report->builds == 3 + 22 + 3);
}

TEST_CASE("a build that names a variable and passes all the same is silent") {
  FakeRunner runner([](const Environment& env) -> Result {
    const bool there = env.contains("API");
    return {0, there ? "" : "warning: API is missing\n", {{"a", there ? "1" : "0"}}};
  });
  auto report = ask(runner, {{{"API", "z"}}, {}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report).at("API") == "silent/none");
}

TEST_CASE("a build that does not end says nothing about the name") {
  FakeRunner runner([](const Environment& env) -> Result {
    Result result{0, "", {{"a", "1"}}, TrialEnd::kExited};
    if (!env.contains("API")) {
      result.end = TrialEnd::kDeadline;
    }
    return result;
  });
  auto report = ask(runner, {{{"API", "z"}}, {}, {}});
  REQUIRE(report.ok());
  CHECK(words(*report).at("API") == "timeout/none");
}

TEST_CASE("the budget bounds the builds, and what was left out is said") {
  FakeRunner runner([](const Environment&) -> Result { return {0, "", {{"a", "1"}}}; });
  auto report = ask(runner, {{{"A", "1"}, {"B", "2"}, {"C", "3"}}, {}, 6'500});
  REQUIRE(report.ok());
  CHECK(report->builds == 6);
  CHECK(report->not_tried == std::vector<std::string>{"B", "C"});
  CHECK(words(*report) == std::map<std::string, std::string>{{"A", "none/none"},
                                                             {"B", "none/not-tried"},
                                                             {"C", "not-tried/not-tried"}});
}

TEST_CASE("a build that fails with everything supplied is an error that shows no value") {
  FakeRunner runner([](const Environment& env) -> Result {
    return {3, "no such thing: " + made_value(env, "KEY", "") + "\n", {}};
  });
  auto report = ask(runner, {{{"KEY", "the-secret-value"}}, {}, {}});
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().kind == model::ErrorKind::kUnavailable);
  CHECK(report.error().text().find("no such thing: ***") != std::string::npos);
  CHECK(report.error().text().find("the-secret-value") == std::string::npos);
}

TEST_CASE("a wrong output folder is said") {
  FakeRunner runner([](const Environment&) -> Result { return {0, "", {}}; });
  auto report = ask(runner, {{{"A", "1"}}, {}, {}});
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().kind == model::ErrorKind::kUsage);
}

TEST_CASE("nothing of the answer holds a value") {
  FakeRunner runner([](const Environment& env) -> Result {
    if (!env.contains("KEY")) {
      return {1, "KEY is missing, " + made_value(env, "OTHER", "") + "\n", {}};
    }
    return {0, made_value(env, "KEY", ""), {{"a", made_value(env, "OTHER", "")}}};
  });
  auto report = ask(runner, {{{"KEY", "first-secret"}, {"OTHER", "second-secret"}}, {}, {}});
  REQUIRE(report.ok());
  const std::string text = to_json(*report).dump();
  CHECK(text.find("KEY is missing, ***") != std::string::npos);
  CHECK(text.find("secret") == std::string::npos);
}

TEST_CASE("a value tells of itself where it is long, plain and no other name's") {
  CHECK(telling_values({{"A", "https://a.test/x"},
                        {"B", "production"},
                        {"C", "production"},
                        {"D", "true"},
                        {"E", "say \"it\" twice"},
                        {"F", "a.test/x"}}) == Environment{{"A", "https://a.test/x"}});
}

TEST_CASE("the likely culprit is tried first") {
  CHECK(likely_first({{"A", {true, false, false}},
                      {"B", {false, false, false}},
                      {"C", {true, true, false}},
                      {"D", {false, true, false}},
                      {"E", {true, false, true}}}) ==
        std::vector<std::string>{"E", "D", "C", "B", "A"});
}

TEST_CASE("what git ignores is cleared away unless a build needs it") {
  for (const char* wanted : {"node_modules/", "packages/a/node_modules/", ".env", "app/.env.local",
                             "vendor/", ".venv/", "key.pem", ".npmrc"}) {
    CHECK(is_wanted_though_ignored(wanted));
  }
  for (const char* leftover : {"dist/", "target/", "a.o", "packages/a/dist/", ".next/"}) {
    CHECK_FALSE(is_wanted_though_ignored(leftover));
  }
}

}  // namespace relapse::env
