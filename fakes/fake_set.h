#pragma once
// The fakes of one trial together: what stands under `world.fakes` in a scenario, one server each.

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fakes/call_log.h"
#include "fakes/control_plane.h"
#include "fakes/http_server.h"
#include "fakes/model.h"
#include "fakes/site.h"
#include "fakes/storage.h"
#include "model/result.h"
#include "os/fd.h"

namespace relapse::fakes {

struct FakesConfig {
  std::optional<ModelConfig> model;
  std::optional<ControlPlaneConfig> control_plane;
  std::optional<StorageConfig> storage;
  std::optional<SiteConfig> site;

  static model::Result<FakesConfig> parse(const nlohmann::json& value, const std::string& where);

  // "model", "control_plane", "storage", "site": those that need a listener.
  std::vector<std::string> names() const;
};

// From bytes that nobody vouches for: all that stands under `world.fakes`.
model::Result<FakesConfig> parse_fakes(std::string_view text);

struct TrialParts {
  CallLog* log = nullptr;     // outlives the set
  ReplyGate* gate = nullptr;  // as well; none: replies go when they are ready
  std::string word;           // the model's one-time word
};

class FakeSet {
 public:
  // One listening socket for each of config.names().
  static model::Result<std::unique_ptr<FakeSet>> start(boost::asio::io_context& loop,
                                                       const FakesConfig& config,
                                                       const TrialParts& trial,
                                                       std::map<std::string, os::Fd> listeners);

  std::vector<model::OpenCall> outstanding() const;  // of all, oldest first
  void release(const std::string& name);             // in all
  void stop();
  const StorageFake* storage() const { return storage_.get(); }  // null where there is none

 private:
  FakeSet() = default;
  model::Result<> serve(boost::asio::io_context& loop, const TrialParts& trial,
                        const std::string& name, Service& service, const FaultPlan& faults,
                        std::map<std::string, os::Fd>& listeners);

  // The services before the servers that use them: they are destroyed in the opposite order.
  std::unique_ptr<ModelFake> model_;
  std::unique_ptr<ControlPlaneFake> control_plane_;
  std::unique_ptr<StorageFake> storage_;
  std::unique_ptr<SiteFake> site_;
  std::vector<std::unique_ptr<HttpServer>> servers_;
};

}  // namespace relapse::fakes
