#include <filesystem>
#include <fstream>

#include "catch.h"
#include "os/files.h"
#include "scenario/planner.h"
#include "scenario/scenario_file.h"

using namespace relapse;

namespace {

std::string good_text() {
  auto text =
      os::read_file(std::string(RELAPSE_SOURCE_DIR) + "/scenarios/agent-stdin-open/scenario.json");
  REQUIRE(text.ok());
  return *text;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

int line_with(const std::string& text, const std::string& part) {
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<long>(text.find(part)), '\n'));
}

run::ResolvedSubject subject(const std::string& name, const std::string& path) {
  run::ResolvedSubject resolved;
  resolved.facts.name = name;
  resolved.facts.path = path;
  resolved.facts.origin = "given";
  resolved.is_executable = true;
  resolved.is_open = true;
  resolved.folder_is_open = true;
  return resolved;
}

}  // namespace

TEST_CASE("the scenarios of the project are well formed, by reader and by schema") {
  const std::string project = RELAPSE_SOURCE_DIR;
  auto names = run::list_scenarios(project);
  REQUIRE_FALSE(names.empty());
  for (const auto& name : names) {
    auto scenario = run::load_scenario(project, name);
    INFO((scenario ? "" : scenario.error().text()));
    CHECK(scenario.ok());
  }
}

namespace {

model::TreeExpectation planned_tree(const std::string& text, const std::string& variant) {
  auto scenario = run::parse_scenario(text, "x/scenario.json");
  INFO((scenario ? "" : scenario.error().text()));
  REQUIRE(scenario.ok());
  auto program = subject("p", "/opt/p/p");
  auto plan = run::make_plan(model::in_variant(*scenario, variant), variant, {{"p", program}},
                             run::HostTools{}, 1);
  INFO((plan ? "" : plan.error().text()));
  REQUIRE(plan.ok());
  CHECK(plan->world.command.back() == "/home/user/list");
  REQUIRE(plan->collect.size() == 1);
  auto tree = std::get<model::TreeExpectation>(plan->expect.front().what);
  CHECK(plan->collect.front().path == tree.trees.front().path);
  return tree;
}

// A parent, and a child mounted inside of it.
constexpr const char* kTwoArchives = R"({
  "id": "x", "component": "c", "incident": {"title": "t"}, "subject": "p",
  "roles": {"p": {"arguments": ["${home}/list"]}},
  "world": {
    "files": {"${home}/list": {"urls": ["${storage.url}/a"]}},
    "fakes": {"storage": {"archives": {
      "/a": {"at": "${home}/top/", "entries": [
        {"path": "sub/both", "content": "parent"}, {"path": "own", "content": "x", "mode": "4755"},
        {"path": "sub", "type": "directory", "mode": "0700"}, {"path": "f", "type": "fifo"}]},
      "/b": {"at": "${home}/top/sub/deep", "entries": [
        {"path": "link", "symlink": "both"}]},
      "/unplaced": {"entries": [{"path": "nowhere", "content": "x"}]}
    }}}
  },
  "variants": [{"name": "one"}, {"name": "two", "world": {"fakes": {"storage": {"archives": {
    "/b": null, "/c": {"at": "${home}/top/sub", "entries": [{"path": "both", "content": "child"}]}
  }}}}}],
  "expect": [{"tree": "as-archived"}],
  "calibration": [{"name": "bad", "verdict": "fail"}, {"name": "good", "verdict": "pass"}]
})";

}  // namespace

TEST_CASE("what archives hold is laid over one another, the deeper over the shallower") {
  const auto one = planned_tree(kTwoArchives, "one");
  REQUIRE(one.trees.size() == 1);
  const auto& tree = one.trees.front();
  CHECK(tree.path == "/home/user/top");
  CHECK(tree.entries.size() == 5);
  CHECK(tree.entries.at("own").mode == 0755);
  CHECK(tree.entries.at("sub").mode == 0700);
  CHECK(tree.any_mode == std::set<std::string>{"sub/deep"});
  CHECK(tree.may_be == std::set<std::string>{"f"});
  CHECK(tree.entries.at("sub/deep/link").link == "both");
  CHECK(tree.entries.at("sub/both").sha256 == os::sha256_of_text("parent"));
}

TEST_CASE("a variant changes the world as a merge patch does") {
  const auto two = planned_tree(kTwoArchives, "two");
  const auto& tree = two.trees.front();
  CHECK(tree.entries.count("sub/deep") == 0);
  CHECK(tree.entries.at("sub/both").sha256 == os::sha256_of_text("child"));
}

TEST_CASE("what a tree expectation lacks is said where the scenario is checked") {
  const std::string text = kTwoArchives;
  auto complaint = [](const std::string& changed) {
    auto scenario = run::parse_scenario(changed, "x/scenario.json");
    REQUIRE_FALSE(scenario.ok());
    CHECK(scenario.error().line > 0);
    return scenario.error().text();
  };
  CHECK(complaint(replaced(text, "\"tree\": \"as-archived\"", "\"tree\": \"as-archive\""))
            .find("'tree' is \"as-archived\" or an object") != std::string::npos);
  CHECK(complaint(replaced(text, "\"at\": \"${home}/top/\"", "\"at\": \"top\""))
            .find("'top' must be an absolute path") != std::string::npos);
  CHECK(complaint(replaced(text, "\"fakes\": {\"storage\"", "\"fakes\": {\"storag\""))
            .find("did you mean 'storage'?") != std::string::npos);
  CHECK(complaint(replaced(text, "\"name\": \"bad\"", "\"name\": \"bad\", \"variant\": \"tow\""))
            .find("did you mean 'two'?") != std::string::npos);
  CHECK(complaint(replaced(text, "\"/b\": null, ", "\"/b\": {\"entry\": []}, ")).find("entr") !=
        std::string::npos);
}

TEST_CASE("a tree can be described in the expectation itself") {
  auto tree = planned_tree(
      replaced(kTwoArchives, "\"as-archived\"",
               R"({"at": "${home}/out", "entries": [{"path": "a/b", "content": "${user}"}],
                   "others_allowed": true, "or_error": true})"),
      "one");
  CHECK(tree.or_error);
  REQUIRE(tree.trees.size() == 1);
  CHECK(tree.trees.front().others_allowed);
  CHECK(tree.trees.front().path == "/home/user/out");
  CHECK(tree.trees.front().entries.at("a/b").sha256 == os::sha256_of_text("user"));
}

TEST_CASE("an error names file, line and the nearest valid name") {
  struct Slip {
    const char* from;
    const char* to;
    const char* remedy;
  };
  const Slip slips[] = {
      {"\"expect\"", "\"expects\"", "did you mean 'expect'?"},
      {"{ \"runner\": \"pipe\", \"agent\"", "{ \"runner\": \"pip\", \"agent\"",
       "did you mean 'pipe'?"},
      {"\"cause\": \"stdin-open\"", "\"cause\": \"stdin-opened\"", "did you mean 'stdin-open'?"},
      {"\"${control_plane.url}\"", "\"${control_plan.url}\"", "did you mean 'control_plane.url'?"},
      {"\"origin\": \"package\"", "\"origin\": \"pakage\"", "did you mean 'package'?"},
      {"\"expect\": [", R"("fault": {"schedule": {"strategy": "wlk"}}, "expect": [)",
       "did you mean 'walk'?"},
      {"\"expect\": [", R"("fault": {"schedule": {"trails": 9}}, "expect": [)",
       "did you mean 'trials'?"},
      {"\"first_output_within\"", "\"first_output_witin\"", "did you mean 'first_output_within'?"},
  };
  for (const auto& slip : slips) {
    const std::string text = replaced(good_text(), slip.from, slip.to);
    auto scenario = run::parse_scenario(text, "x/scenario.json");
    INFO(slip.to);
    REQUIRE_FALSE(scenario.ok());
    CHECK(scenario.error().kind == model::ErrorKind::kScenario);
    CHECK(scenario.error().file == "x/scenario.json");
    CHECK(scenario.error().line == line_with(text, slip.to));
    CHECK(scenario.error().remedy == slip.remedy);
  }
}

TEST_CASE("a scenario that cannot fail is refused") {
  auto without_bad = good_text();
  for (size_t at = 0; (at = without_bad.find("\"verdict\": \"fail\"")) != std::string::npos;) {
    without_bad.replace(at, 17, "\"verdict\": \"pass\"");
  }
  CHECK_FALSE(run::parse_scenario(without_bad, "f").ok());
  auto document = nlohmann::json::parse(good_text());
  document["expect"] = nlohmann::json::array();
  CHECK_FALSE(run::parse_scenario(document.dump(), "f").ok());
}

TEST_CASE("broken JSON names its line") {
  auto scenario = run::parse_scenario("{\n  \"id\": \"x\",\n  oops\n}", "f.json");
  REQUIRE_FALSE(scenario.ok());
  CHECK(scenario.error().line == 3);
}

TEST_CASE("a plan is complete, and the same every time") {
  auto scenario = run::parse_scenario(good_text(), "f");
  REQUIRE(scenario.ok());
  std::map<std::string, run::ResolvedSubject> subjects = {
      {"runner", subject("runner", "/home/x/work/guest-agent")},
      {"agent", subject("agent", "/srv/p/node_modules/a/cli.js")}};
  auto plan = run::make_plan(*scenario, "v", subjects, {}, 7);
  REQUIRE(plan.ok());
  auto again = run::make_plan(*scenario, "v", subjects, {}, 7);
  CHECK(plan->word == again->word);
  CHECK(plan->word != run::make_plan(*scenario, "v", subjects, {}, 8)->word);

  CHECK(plan->world.command == std::vector<std::string>{"/usr/local/bin/vm0-agent/guest-agent"});
  CHECK(plan->world.env.at("VM0_API_URL").rfind("http://127.0.0.1:", 0) == 0);
  for (const auto& [name, value] : plan->world.env) {
    CHECK(value.find("${") == std::string::npos);
  }
  CHECK(plan->fake_names.size() == plan->world.listen_ports.size());
  // The package with its neighbours, so that it finds what it depends on.
  bool found = false;
  for (const auto& mount : plan->world.mounts) {
    found = found || mount.source == "/srv/p/node_modules";
  }
  CHECK(found);
}

TEST_CASE("of a folder that is everybody's only the program is shown") {
  auto scenario = run::parse_scenario(good_text(), "f");
  REQUIRE(scenario.ok());
  auto plan = run::make_plan(*scenario, "v",
                             {{"runner", subject("runner", "/tmp/guest-agent")},
                              {"agent", subject("agent", "/root/claude")}},
                             {}, 1);
  REQUIRE(plan.ok());
  for (const auto& mount : plan->world.mounts) {
    CHECK(mount.source != "/tmp");
    CHECK(mount.source != "/root");
  }
}

TEST_CASE("of a folder that is closed to others only the program is shown") {
  auto scenario = run::parse_scenario(good_text(), "f");
  REQUIRE(scenario.ok());
  auto closed = subject("runner", "/tmp/tmp.Xy12/run-agent");
  closed.folder_is_open = false;
  std::map<std::string, run::ResolvedSubject> subjects = {{"runner", closed},
                                                          {"agent", subject("agent", "/opt/a/a")}};
  auto plan = run::make_plan(*scenario, "v", subjects, {}, 1);
  REQUIRE(plan.ok());
  for (const auto& mount : plan->world.mounts) {
    CHECK(mount.source != "/tmp/tmp.Xy12");
  }
  subjects.at("runner").is_open = false;
  CHECK_FALSE(run::make_plan(*scenario, "v", subjects, {}, 1).ok());
}

TEST_CASE("the control changes the standard input of one role, and nothing else") {
  auto scenario = run::parse_scenario(good_text(), "f");
  REQUIRE(scenario.ok());
  auto plan = run::make_plan(
      *scenario, "v",
      {{"runner", subject("runner", "/opt/r/runner")}, {"agent", subject("agent", "/opt/a/agent")}},
      {}, 1);
  REQUIRE(plan.ok());
  auto control = run::make_control(*scenario, *plan);
  REQUIRE(control);
  CHECK(control->world.command == plan->world.command);
  CHECK(control->world.files.size() == plan->world.files.size() + 1);
  CHECK(control->world.files.back().content.find("</dev/null") != std::string::npos);
  CHECK(control->world.env.at("PATH") != plan->world.env.at("PATH"));
}
