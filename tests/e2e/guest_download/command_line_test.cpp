// How guest-download is called and what it leaves behind besides files: exit code, log, telemetry.

#include <unistd.h>

#include <regex>
#include <sstream>

#include "catch.h"
#include "scene.h"

using namespace guest_download_test;
using nlohmann::json;

namespace {

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    result.push_back(line);
  }
  return result;
}

bool well_formed(const std::string& log) {
  static const std::regex kLine(R"(\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] )"
                                R"(\[(INFO|WARN|ERROR)\] \[sandbox:download\] .+)");
  const std::vector<std::string> all = lines(log);
  return std::all_of(all.begin(), all.end(),
                     [](const std::string& text) { return std::regex_match(text, kLine); });
}

Run run_text(const Scene& scene, const std::string& manifest) {
  return scene.run_with({program(Build::kGood), {"--manifest-stdin"}, {}, manifest});
}

// The lines of a run's telemetry; the file is removed.
std::vector<json> take_telemetry(const std::string& run_id) {
  const std::string path = "/tmp/vm0-sandbox-ops-" + run_id + ".jsonl";
  std::vector<json> objects;
  for (const std::string& line : lines(read_text(path))) {
    objects.push_back(json::parse(line));
  }
  std::filesystem::remove(path);
  return objects;
}

const json& with_action(const std::vector<json>& objects, const std::string& action) {
  for (const json& object : objects) {
    if (object.at("action_type") == action) {
      return object;
    }
  }
  throw std::runtime_error("no telemetry for " + action);
}

}  // namespace

TEST_CASE("an empty manifest succeeds, with nothing on stdout and a closing line on stderr") {
  Scene scene;
  const Run run = scene.run(json::object());
  CHECK(run.exit_code == 0);
  CHECK(run.out.empty());
  CHECK(well_formed(run.err));
  CHECK(std::regex_search(run.err, std::regex(R"(\[INFO\] \[sandbox:download\] )"
                                              R"(Download completed in \d+ms\n$)")));
}

TEST_CASE("a manifest can come through stdin") {
  Scene scene;
  const std::string url = scene.serve(tar_gz({{"a.txt", "a"}}));
  const Run run = run_text(scene, json{{"storages", {scene.entry("m", url)}}}.dump());
  CHECK(run.exit_code == 0);
  CHECK(scene.tree() == Tree{{"m/a.txt", "a"}});
}

TEST_CASE("a wrong command line fails") {
  Scene scene;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"a.json", "b.json"}, {"/no/such/manifest.json"}}) {
    const Run run = scene.run_with({program(Build::kGood), arguments, {}, ""});
    CAPTURE(run.err);
    CHECK(run.exit_code == 1);
    CHECK(run.out.empty());
    CHECK(well_formed(run.err));
    CHECK(lines(run.err).back().ends_with("[ERROR] [sandbox:download] Download failed"));
  }
}

TEST_CASE("a bad manifest fails") {
  Scene scene;
  const char* bad =
      GENERATE("", "{", "[]", "null", R"({"storages": {}})", R"({"storages": null})",
               R"({"storages": [{"archiveUrl": null}]})", R"({"storages": [{"mountPath": 7}]})",
               R"({"storages": [{"mountPath": "/m", "archiveUrl": 7}]})", R"({"artifact": "a"})",
               R"({"memory": []})", R"({"artifacts": {}})", R"({"cleanupPaths": [1]})",
               R"({"artifact": {"mountPath": "/m", "cached": "yes"}})");
  CAPTURE(bad);
  const Run run = run_text(scene, bad);
  CHECK(run.exit_code == 1);
  CHECK_THAT(run.err, ContainsSubstring("Failed to parse manifest"));
  CHECK(lines(run.err).back().ends_with("Download failed"));
}

TEST_CASE(
    "every field of a manifest is unpacked where it is mounted, and unknown ones are ignored") {
  Scene scene;
  const auto entry = [&](const std::string& name) {
    json result = scene.entry(name, scene.serve(tar_gz({{name, name}})));
    result["unknown"] = 7;
    return result;
  };
  const Run run = scene.run({{"storages", {entry("s1"), entry("s2")}},
                             {"artifact", entry("artifact")},
                             {"memory", entry("memory")},
                             {"artifacts", {entry("a1"), entry("a2")}},
                             {"cleanupPaths", json::array()},
                             {"unknown", {{"field", true}}}});
  CHECK(run.exit_code == 0);
  CHECK(scene.tree() == Tree{{"s1/s1", "s1"},
                             {"s2/s2", "s2"},
                             {"artifact/artifact", "artifact"},
                             {"memory/memory", "memory"},
                             {"a1/a1", "a1"},
                             {"a2/a2", "a2"}});
}

TEST_CASE("entries without a URL and cached ones are not downloaded") {
  Scene scene;
  json cached = scene.entry("cached", scene.serve(tar_gz({{"new", "new"}})));
  cached["cached"] = true;
  json absent = scene.entry("absent", nullptr);
  absent.erase("archiveUrl");
  const Run run = scene.run({{"storages", {cached, absent, scene.entry("null", nullptr)}},
                             {"artifact", scene.entry("text", "null")},
                             {"memory", nullptr}});
  CHECK(run.exit_code == 0);
  CHECK(scene.server().requests().empty());
  CHECK(scene.tree().empty());
}

TEST_CASE("telemetry has one line for each task and one for all") {
  Scene scene;
  const std::string run_id = "e2e-" + std::to_string(getpid());
  const std::string url = scene.serve(tar_gz({{"a", "a"}}));
  const Run run = scene.run({{"storages", {scene.entry("s", scene.server().origin() + "/none")}},
                             {"artifact", scene.entry("a", url)},
                             {"memory", scene.entry("m", url)}},
                            Build::kGood, {"VM0_RUN_ID=" + run_id});
  CHECK(run.exit_code == 1);
  const std::vector<json> objects = take_telemetry(run_id);
  REQUIRE(objects.size() == 4);
  for (const json& object : objects) {
    CHECK(object.at("duration_ms").get<int>() >= 0);
    CHECK(std::regex_match(object.at("ts").get<std::string>(), std::regex(R"(\d{4}-.+T.+Z)")));
  }
  CHECK(with_action(objects, "storage_download").at("success") == false);
  CHECK(with_action(objects, "storage_download").at("error") == "HTTP status 404");
  CHECK(with_action(objects, "artifact_download").at("success") == true);
  CHECK_FALSE(with_action(objects, "artifact_download").contains("error"));
  CHECK(with_action(objects, "memory_download").at("success") == true);
  CHECK(objects.back().at("action_type") == "download_total");
  CHECK(objects.back().at("success") == false);
}
