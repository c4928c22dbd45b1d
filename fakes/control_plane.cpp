#include "fakes/control_plane.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "model/fields.h"
#include "os/files.h"

namespace relapse::fakes {

using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

constexpr std::string_view kPrefix = "/api/webhooks/agent/";
constexpr std::string_view kUploads = "/uploads/";

std::string_view error_code_of(int status) {
  switch (status) {
    case 400:
      return "BAD_REQUEST";
    case 401:
      return "UNAUTHORIZED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "CONFLICT";
    case 413:
      return "PAYLOAD_TOO_LARGE";
    case 429:
      return "TOO_MANY_REQUESTS";
    default:
      return status >= 500 ? "INTERNAL_SERVER_ERROR" : "ERROR";
  }
}

Response ok(const json& body) {
  return json_response(200, body);
}

bool has_text(const json& body, const char* name) {
  auto found = body.find(name);
  return found != body.end() && found->is_string() && !found->get_ref<const std::string&>().empty();
}

bool has_number(const json& body, const char* name) {
  auto found = body.find(name);
  return found != body.end() && found->is_number_integer();
}

bool has_list(const json& body, const char* name) {
  auto found = body.find(name);
  return found != body.end() && found->is_array();
}

// A storage is named in the older generation and numbered in the newer one.
std::string storage_of(const json& body) {
  for (const char* name : {"storageName", "storageId"}) {
    if (has_text(body, name)) {
      return body[name].get<std::string>();
    }
  }
  return "";
}

std::uint64_t size_of(const json& files) {
  std::uint64_t bytes = 0;
  for (const json& file : files) {
    if (file.is_object() && has_number(file, "size")) {
      bytes += file["size"].get<std::uint64_t>();
    }
  }
  return bytes;
}

std::string url(const std::string& host, const std::string& path) {
  return "http://" + host + path;
}

}  // namespace

Result<ControlPlaneConfig> ControlPlaneConfig::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  ControlPlaneConfig config;
  config.token = fields.text("token");
  const json* faults = fields.child("faults");
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  auto plan = FaultPlan::parse(faults == nullptr ? json() : *faults, where + "/faults");
  if (!plan) {
    return plan.error();
  }
  config.faults = *std::move(plan);
  return config;
}

ControlPlaneFake::Webhook ControlPlaneFake::find_webhook(std::string_view path) {
  struct Route {
    std::string_view path;
    Webhook webhook;
  };
  static constexpr std::array<Route, 8> kRoutes = {{
      {"heartbeat", &ControlPlaneFake::heartbeat},
      {"events", &ControlPlaneFake::events},
      {"telemetry", &ControlPlaneFake::telemetry},
      {"checkpoints", &ControlPlaneFake::checkpoints},
      {"checkpoints/prepare-history", &ControlPlaneFake::prepare_history},
      {"storages/prepare", &ControlPlaneFake::prepare_storage},
      {"storages/commit", &ControlPlaneFake::commit_storage},
      {"complete", &ControlPlaneFake::complete},
  }};
  if (!path.starts_with(kPrefix)) {
    return nullptr;
  }
  path.remove_prefix(kPrefix.size());
  const auto* found = std::find_if(kRoutes.begin(), kRoutes.end(),
                                   [path](const Route& route) { return route.path == path; });
  return found == kRoutes.end() ? nullptr : found->webhook;
}

void ControlPlaneFake::handle(Exchange exchange) {
  Response response = answer(exchange.request());
  exchange.reply(std::move(response));
}

Response ControlPlaneFake::answer(const Request& request) {
  // As with a presigned URL, the address alone is the permission.
  if (request.method == "PUT" && request.path().starts_with(kUploads)) {
    uploaded_.emplace(request.path());
    Response response;
    response.headers.push_back({"ETag", '"' + os::sha256_of_text(request.body) + '"'});
    return response;
  }
  Webhook webhook = find_webhook(request.path());
  if (webhook == nullptr) {
    return error(404, fmt::format("No such path: {}", request.path()));
  }
  if (request.method != "POST") {
    return error(405, "Method not allowed");
  }
  if (!token_.empty() && request.header("Authorization") != "Bearer " + token_) {
    return error(401, "Not authenticated or runId mismatch");
  }
  json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) {
    return error(400, "The request body is not a JSON object");
  }
  if (!has_text(body, "runId")) {
    return error(400, "runId is required");
  }
  return (this->*webhook)(body, std::string(request.header("Host")));
}

Response ControlPlaneFake::heartbeat(const json& /*body*/, const std::string& /*host*/) {
  return ok({{"ok", true}});
}

Response ControlPlaneFake::events(const json& body, const std::string& /*host*/) {
  if (!has_list(body, "events") || body["events"].empty()) {
    return error(400, "events array cannot be empty");
  }
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  for (const json& event : body["events"]) {
    if (!event.is_object() || !has_number(event, "sequenceNumber")) {
      return error(400, "an event needs a sequenceNumber");
    }
    auto sequence = event["sequenceNumber"].get<std::int64_t>();
    first = std::min(first, sequence);
    last = std::max(last, sequence);
  }
  return ok(
      {{"received", body["events"].size()}, {"firstSequence", first}, {"lastSequence", last}});
}

Response ControlPlaneFake::telemetry(const json& /*body*/, const std::string& /*host*/) {
  return ok({{"success", true}, {"id", next_id()}});
}

Response ControlPlaneFake::checkpoints(const json& body, const std::string& /*host*/) {
  if (!has_text(body, "cliAgentType") || !has_text(body, "cliAgentSessionId")) {
    return error(400, "cliAgentType and cliAgentSessionId are required");
  }
  return ok(
      {{"checkpointId", next_id()}, {"agentSessionId", next_id()}, {"conversationId", next_id()}});
}

Response ControlPlaneFake::prepare_history(const json& body, const std::string& host) {
  if (!has_text(body, "hash") || !has_number(body, "size")) {
    return error(400, "hash and size are required");
  }
  std::string path =
      fmt::format("{}blobs/{}.blob", kUploads, os::sha256_of_text(body["hash"].get<std::string>()));
  if (uploaded_.contains(path)) {
    return ok({{"existing", true}});
  }
  return ok({{"existing", false}, {"presignedUrl", url(host, path)}});
}

Response ControlPlaneFake::prepare_storage(const json& body, const std::string& host) {
  std::string storage = storage_of(body);
  if (storage.empty() || !has_list(body, "files")) {
    return error(400, "the storage and files are required");
  }
  // The same files are the same version, as in the real service.
  std::string version = os::sha256_of_text(storage + to_text(body["files"]));
  std::string key = fmt::format("storages/{}", version);
  auto upload = [&host, &key](const char* name) {
    std::string item = fmt::format("{}/{}", key, name);
    return json{{"key", item}, {"presignedUrl", url(host, std::string(kUploads) + item)}};
  };
  bool existing = uploaded_.contains(fmt::format("{}{}/archive.tar.gz", kUploads, key));
  json reply = {{"versionId", version}, {"existing", existing}};
  if (!existing || body.value("force", json(false)) == true) {
    reply["uploads"] = {{"archive", upload("archive.tar.gz")},
                        {"manifest", upload("manifest.json")}};
  }
  return ok(reply);
}

Response ControlPlaneFake::commit_storage(const json& body, const std::string& /*host*/) {
  std::string storage = storage_of(body);
  if (storage.empty() || !has_text(body, "versionId") || !has_list(body, "files")) {
    return error(400, "the storage, versionId and files are required");
  }
  return ok({{"success", true},
             {"versionId", body["versionId"]},
             {"storageName", storage},
             {"size", size_of(body["files"])},
             {"fileCount", body["files"].size()}});
}

Response ControlPlaneFake::complete(const json& body, const std::string& /*host*/) {
  if (!has_number(body, "exitCode")) {
    return error(400, "exitCode is required");
  }
  return ok({{"success", true}, {"status", body["exitCode"] == 0 ? "completed" : "failed"}});
}

// In the form of a UUID, and the same in every run of the same trial.
std::string ControlPlaneFake::next_id() {
  return fmt::format("00000000-0000-4000-8000-{:012x}", ++ids_);
}

Response ControlPlaneFake::error(int status, std::string_view message) const {
  json body = {{"error", {{"message", message}, {"code", error_code_of(status)}}}};
  return json_response(status, body);
}

}  // namespace relapse::fakes
