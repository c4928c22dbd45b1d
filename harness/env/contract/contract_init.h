#pragma once
// `relapse env init`: a first contract, from what the source, the project's files and the deploy
// step say. A start for people, who know what is really required.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "supplied/supplied.h"
#include "wanted/scan.h"

namespace relapse::env {

struct DeployPlace {
  std::string workflow;  // absolute
  std::string job;
};

// The jobs of the repository's workflows that seem to build or deploy this project, the likeliest
// first.
std::vector<DeployPlace> find_deploys(const std::string& project);

// The contract as text, names in their order, each with the place that wants it.
std::string first_contract(const std::string& project, const ScanResult& scan,
                           const std::optional<DeployPlace>& deploy,
                           const std::optional<SuppliedReport>& supplied);

}  // namespace relapse::env
