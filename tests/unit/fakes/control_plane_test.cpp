#include "fakes/control_plane.h"

#include "bench.h"
#include "catch.h"

using namespace relapse;
using fakes::ControlPlaneConfig;
using fakes::ControlPlaneFake;
using nlohmann::json;
using test::Bench;
using test::Reply;
using test::request;

namespace {

const std::string kBase = "/api/webhooks/agent/";

struct Plane {
  explicit Plane(const std::string& token = "", const json& faults = nullptr)
      : fake(config(token)), bench(fake, faults) {}

  static ControlPlaneConfig config(const std::string& token) {
    ControlPlaneConfig config;
    config.token = token;
    return config;
  }
  Reply post(const std::string& name, const json& body, const std::string& headers = "") {
    return bench.ask(request("POST", kBase + name, body.dump(), headers));
  }
  json ok(const std::string& name, const json& body) {
    auto reply = post(name, body);
    INFO(name << ": " << reply.body);
    CHECK(reply.status == 200);
    CHECK(reply.header("Content-Type") == "application/json");
    return json::parse(reply.body);
  }

  ControlPlaneFake fake;
  Bench bench;
};

}  // namespace

TEST_CASE("every webhook replies as both generations read it", "[control_plane]") {
  Plane plane;
  CHECK(plane.ok("heartbeat", {{"runId", "r"}}) == json{{"ok", true}});
  CHECK(plane.ok("events", {{"runId", "r"},
                            {"events",
                             {{{"type", "system"}, {"sequenceNumber", 3}},
                              {{"type", "result"}, {"sequenceNumber", 4}}}}}) ==
        json{{"received", 2}, {"firstSequence", 3}, {"lastSequence", 4}});
  auto telemetry = plane.ok("telemetry", {{"runId", "r"}, {"systemLog", "x"}, {"metrics", {}}});
  CHECK(telemetry["success"] == true);
  CHECK(telemetry["id"].is_string());

  auto january = plane.ok("checkpoints", {{"runId", "r"},
                                          {"cliAgentType", "claude-code"},
                                          {"cliAgentSessionId", "s"},
                                          {"cliAgentSessionHistory", "{}\n"}});
  CHECK(january["checkpointId"].get<std::string>().size() == 36);
  CHECK(january.contains("agentSessionId"));
  CHECK(january.contains("conversationId"));
  auto later = plane.ok("checkpoints", {{"runId", "r"},
                                        {"cliAgentType", "claude-code"},
                                        {"cliAgentSessionId", "s"},
                                        {"cliAgentSessionHistoryHash", std::string(64, 'a')}});
  CHECK(later["checkpointId"] != january["checkpointId"]);

  CHECK(plane.ok("complete", {{"runId", "r"}, {"exitCode", 0}}) ==
        json{{"success", true}, {"status", "completed"}});
  CHECK(plane.ok("complete", {{"runId", "r"}, {"exitCode", 1}, {"error", "no"}}) ==
        json{{"success", true}, {"status", "failed"}});
}

TEST_CASE("an artifact is prepared, uploaded and committed; the second time it exists",
          "[control_plane]") {
  Plane plane;
  json files = {{{"path", "a"}, {"hash", "h"}, {"size", 3}}, {{"path", "b"}, {"size", 4}}};
  json prepare = {
      {"runId", "r"}, {"storageName", "s"}, {"storageType", "artifact"}, {"files", files}};
  auto prepared = plane.ok("storages/prepare", prepare);
  CHECK(prepared["existing"] == false);
  std::string version = prepared["versionId"];
  for (const char* name : {"archive", "manifest"}) {
    std::string url = prepared["uploads"][name]["presignedUrl"];
    REQUIRE(url.rfind("http://fake.test/uploads/", 0) == 0);
    auto put = plane.bench.ask(request("PUT", url.substr(16), "bytes"));
    CHECK(put.status == 200);
    CHECK(put.header("ETag").size() == 66);
  }
  auto committed = plane.ok("storages/commit", {{"runId", "r"},
                                                {"storageName", "s"},
                                                {"storageType", "artifact"},
                                                {"versionId", version},
                                                {"files", files}});
  CHECK(committed == json{{"success", true},
                          {"versionId", version},
                          {"storageName", "s"},
                          {"size", 7},
                          {"fileCount", 2}});
  auto again = plane.ok("storages/prepare", prepare);
  CHECK(again["existing"] == true);
  CHECK(again["versionId"] == version);
  CHECK_FALSE(again.contains("uploads"));
  prepare["force"] = true;
  CHECK(plane.ok("storages/prepare", prepare).contains("uploads"));
  prepare["files"][0]["hash"] = "other";
  CHECK(plane.ok("storages/prepare", prepare)["versionId"] != version);
}

TEST_CASE("a session's history is prepared and uploaded once", "[control_plane]") {
  Plane plane;
  json body = {{"runId", "r"}, {"hash", std::string(64, 'a')}, {"size", 10}};
  auto prepared = plane.ok("checkpoints/prepare-history", body);
  CHECK(prepared["existing"] == false);
  std::string url = prepared["presignedUrl"];
  CHECK(plane.bench.ask(request("PUT", url.substr(16), "history")).status == 200);
  CHECK(plane.ok("checkpoints/prepare-history", body) == json{{"existing", true}});
}

TEST_CASE("without the token: 401; an upload needs none", "[control_plane]") {
  Plane plane("secret");
  json body = {{"runId", "r"}};
  for (const char* headers : {"", "Authorization: Bearer wrong\r\n", "Authorization: secret\r\n"}) {
    auto reply = plane.post("heartbeat", body, headers);
    CHECK(reply.status == 401);
    CHECK(json::parse(reply.body)["error"]["code"] == "UNAUTHORIZED");
  }
  CHECK(plane.post("heartbeat", body, "authorization: Bearer secret\r\n").status == 200);
  CHECK(plane.bench.ask(request("PUT", "/uploads/x", "y")).status == 200);
}

TEST_CASE("what is malformed is 400, what is unknown 404", "[control_plane]") {
  Plane plane;
  auto status_of = [&plane](const std::string& name, const std::string& body) {
    auto reply = plane.bench.ask(request("POST", kBase + name, body));
    INFO(reply.body);
    auto error = json::parse(reply.body)["error"];
    CHECK(error["message"].is_string());
    CHECK(error["code"].is_string());
    return reply.status;
  };
  for (const char* name :
       {"heartbeat", "events", "telemetry", "checkpoints", "checkpoints/prepare-history",
        "storages/prepare", "storages/commit", "complete"}) {
    INFO(name);
    CHECK(status_of(name, "{\"runId\": ") == 400);
    CHECK(status_of(name, "") == 400);
    CHECK(status_of(name, "[]") == 400);
    CHECK(status_of(name, "\xff\xfe") == 400);
    CHECK(status_of(name, R"({"runId": 7})") == 400);
    if (std::string(name) != "heartbeat" && std::string(name) != "telemetry") {
      CHECK(status_of(name, R"({"runId": "r"})") == 400);
    }
  }
  CHECK(status_of("events", R"({"runId": "r", "events": []})") == 400);
  CHECK(status_of("events", R"({"runId": "r", "events": [{"type": "x"}]})") == 400);
  CHECK(status_of("events", R"({"runId": "r", "events": [1]})") == 400);
  CHECK(status_of("complete", R"({"runId": "r", "exitCode": "0"})") == 400);
  CHECK(status_of("nothing", R"({"runId": "r"})") == 404);
  CHECK(plane.bench.ask(request("POST", "/\xff\xfe")).status == 404);
  CHECK(plane.bench.ask(request("GET", "/")).status == 404);
  CHECK(plane.bench.ask(request("GET", kBase + "heartbeat")).status == 405);
}

TEST_CASE("the events webhook fails as often as asked", "[control_plane]") {
  Plane plane("", json::parse(R"([{"match": "POST */events", "then": [500]}])"));
  json body = {{"runId", "r"}, {"events", {{{"sequenceNumber", 1}}}}};
  auto failed = plane.post("events", body);
  CHECK(failed.status == 500);
  CHECK(json::parse(failed.body)["error"]["code"] == "INTERNAL_SERVER_ERROR");
  CHECK(plane.post("heartbeat", body).status == 200);
  CHECK(plane.post("events", body).status == 200);
}

TEST_CASE("the control plane's configuration is checked", "[control_plane]") {
  auto parse = [](const char* text) { return ControlPlaneConfig::parse(json::parse(text), "c"); };
  CHECK(parse("{}").ok());
  CHECK(parse(R"({"token": "t", "faults": [{"match": "*", "then": ["hold"]}]})")->token == "t");
  CHECK(parse(R"({"tokens": "t"})").error().kind == model::ErrorKind::kScenario);
  CHECK_FALSE(parse(R"({"token": 1})").ok());
  CHECK_FALSE(parse("[]").ok());
}
