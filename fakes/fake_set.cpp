#include "fakes/fake_set.h"

#include <algorithm>
#include <utility>

#include "model/fields.h"

namespace relapse::fakes {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

template <typename Config>
Result<> read_part(Fields& fields, const char* name, std::optional<Config>& part) {
  if (const json* value = fields.child(name)) {
    auto parsed = Config::parse(*value, fields.place(name));
    if (!parsed) {
      return parsed.error();
    }
    part = *std::move(parsed);
  }
  return Done{};
}

}  // namespace

Result<FakesConfig> FakesConfig::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  FakesConfig config;
  for (auto read : {read_part(fields, "model", config.model),
                    read_part(fields, "control_plane", config.control_plane),
                    read_part(fields, "storage", config.storage),
                    read_part(fields, "site", config.site), fields.finish()}) {
    if (!read) {
      return read.error();
    }
  }
  return config;
}

std::vector<std::string> FakesConfig::names() const {
  std::vector<std::string> names;
  if (model) {
    names.emplace_back("model");
  }
  if (control_plane) {
    names.emplace_back("control_plane");
  }
  if (storage) {
    names.emplace_back("storage");
  }
  if (site) {
    names.emplace_back("site");
  }
  return names;
}

Result<FakesConfig> parse_fakes(std::string_view text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded()) {
    return model::field_error("", "not JSON");
  }
  return FakesConfig::parse(value, "");
}

Result<> FakeSet::serve(boost::asio::io_context& loop, const TrialParts& trial,
                        const std::string& name, Service& service, const FaultPlan& faults,
                        std::map<std::string, os::Fd>& listeners) {
  auto listener = listeners.find(name);
  if (listener == listeners.end()) {
    return Error{ErrorKind::kSystem, "no listening socket for the fake '" + name + "'"};
  }
  ServerParts parts{name, &service, trial.log, trial.gate};
  auto server = std::make_unique<HttpServer>(loop, std::move(parts), faults);
  auto serving = server->serve(std::move(listener->second));
  servers_.push_back(std::move(server));
  return serving;
}

Result<std::unique_ptr<FakeSet>> FakeSet::start(boost::asio::io_context& loop,
                                                const FakesConfig& config, const TrialParts& trial,
                                                std::map<std::string, os::Fd> listeners) {
  std::unique_ptr<FakeSet> set(new FakeSet);
  Result<> serving = Done{};
  if (config.model) {
    set->model_ = std::make_unique<ModelFake>(*config.model, trial.word);
    serving = set->serve(loop, trial, "model", *set->model_, config.model->faults, listeners);
  }
  if (serving && config.control_plane) {
    set->control_plane_ = std::make_unique<ControlPlaneFake>(*config.control_plane);
    serving = set->serve(loop, trial, "control_plane", *set->control_plane_,
                         config.control_plane->faults, listeners);
  }
  if (serving && config.storage) {
    auto storage = StorageFake::make(*config.storage);
    if (!storage) {
      return storage.error();
    }
    set->storage_ = std::make_unique<StorageFake>(*std::move(storage));
    serving = set->serve(loop, trial, "storage", *set->storage_, config.storage->faults, listeners);
  }
  if (serving && config.site) {
    auto site = SiteFake::make(*config.site);
    if (!site) {
      return site.error();
    }
    set->site_ = std::make_unique<SiteFake>(*std::move(site));
    serving = set->serve(loop, trial, "site", *set->site_, config.site->faults, listeners);
  }
  if (!serving) {
    return serving.error();
  }
  return set;
}

std::vector<model::OpenCall> FakeSet::outstanding() const {
  std::vector<model::OpenCall> all;
  for (const auto& server : servers_) {
    auto open = server->outstanding();
    all.insert(all.end(), open.begin(), open.end());
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.call < b.call; });
  return all;
}

void FakeSet::release(const std::string& name) {
  for (const auto& server : servers_) {
    server->release(name);
  }
}

void FakeSet::stop() {
  for (const auto& server : servers_) {
    server->stop();
  }
}

}  // namespace relapse::fakes
