#pragma once
// The control plane: the webhooks that a runner (January 2026) or a guest agent (later) posts to,
// with replies of the shape that both read.
//
//   "control_plane": { "token": "secret", "faults": [ … ] }
//
// token   what `Authorization: Bearer` must hold, else 401; absent: not looked at
// faults  see stream_fault.h
//
// POST /api/webhooks/agent/ with
//   heartbeat, events, telemetry, checkpoints, checkpoints/prepare-history, storages/prepare,
//   storages/commit, complete
// and PUT /uploads/…, where the URLs given out by the two `prepare`s lead. What was uploaded once
// is `existing` in the next `prepare`. Malformed JSON or a missing field is 400, another path 404,
// both as {"error": {"message", "code"}}.

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "fakes/http.h"
#include "fakes/stream_fault.h"
#include "model/result.h"

namespace relapse::fakes {

struct ControlPlaneConfig {
  std::string token;
  FaultPlan faults;

  static model::Result<ControlPlaneConfig> parse(const nlohmann::json& value,
                                                 const std::string& where);
};

class ControlPlaneFake : public Service {
 public:
  explicit ControlPlaneFake(const ControlPlaneConfig& config) : token_(config.token) {}

  void handle(Exchange exchange) override;
  Response error(int status, std::string_view message) const override;

 private:
  using Webhook = Response (ControlPlaneFake::*)(const nlohmann::json& body,
                                                 const std::string& host);
  static Webhook find_webhook(std::string_view path);

  Response answer(const Request& request);
  Response heartbeat(const nlohmann::json& body, const std::string& host);
  Response events(const nlohmann::json& body, const std::string& host);
  Response telemetry(const nlohmann::json& body, const std::string& host);
  Response checkpoints(const nlohmann::json& body, const std::string& host);
  Response prepare_history(const nlohmann::json& body, const std::string& host);
  Response prepare_storage(const nlohmann::json& body, const std::string& host);
  Response commit_storage(const nlohmann::json& body, const std::string& host);
  Response complete(const nlohmann::json& body, const std::string& host);
  std::string next_id();

  std::string token_;
  std::set<std::string, std::less<>> uploaded_;  // paths
  std::uint64_t ids_ = 0;
};

}  // namespace relapse::fakes
