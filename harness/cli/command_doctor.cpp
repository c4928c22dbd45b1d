#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "model/verdict.h"
#include "world/capabilities.h"

namespace relapse::cli {

namespace {

using world::Capability;
using world::CapabilityState;

void print_for_people(const std::vector<Capability>& capabilities) {
  for (const auto& capability : capabilities) {
    fmt::print("{:<8} {:<26} {}\n", world::to_string(capability.state), capability.name,
               capability.found);
    if (!capability.remedy.empty()) {
      fmt::print("{:<8} {:<26} → {}\n", "", "", capability.remedy);
    }
  }
}

nlohmann::ordered_json to_json(const std::vector<Capability>& capabilities) {
  nlohmann::ordered_json document;
  document["capabilities"] = nlohmann::ordered_json::array();
  for (const auto& capability : capabilities) {
    document["capabilities"].push_back({{"name", capability.name},
                                        {"state", world::to_string(capability.state)},
                                        {"found", capability.found},
                                        {"remedy", capability.remedy}});
  }
  return document;
}

// Without worlds nothing can be judged; everything else only narrows what can.
bool has_worlds(const std::vector<Capability>& capabilities) {
  for (const auto& capability : capabilities) {
    if (capability.name == "worlds") {
      return capability.state != CapabilityState::kNo;
    }
  }
  return false;
}

}  // namespace

std::function<int()> declare_doctor(CLI::App& app) {
  auto as_json = std::make_shared<bool>(false);
  app.add_flag("--json", *as_json, "for programs");
  app.footer("Exit codes: 0 worlds can be made here, 4 they cannot.");
  return [as_json]() -> int {
    const auto capabilities = world::find_capabilities();
    if (*as_json) {
      print_json(to_json(capabilities).dump(2));
    } else {
      print_for_people(capabilities);
    }
    return has_worlds(capabilities) ? model::kExitPass : model::kExitInconclusive;
  };
}

}  // namespace relapse::cli
