#include "run/calibration_memory.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "os/files.h"

namespace relapse::run {

using nlohmann::json;

CalibrationMemory::CalibrationMemory(const std::string& folder)
    : file_(folder.empty() ? "" : folder + "/calibration.json") {
  auto text = file_.empty() ? os::read_file("/dev/null") : os::read_file(file_);
  auto document = text ? json::parse(*text, nullptr, false) : json();
  if (!document.is_object()) {
    return;
  }
  for (const auto& [scenario, proof] : document.items()) {
    if (proof.is_object() && proof.contains("key") && proof["key"].is_string()) {
      model::CalibrationFacts facts{proof.value("bad", ""), proof.value("good", ""), true};
      proofs_[scenario] = {proof["key"].get<std::string>(), facts};
    }
  }
}

std::optional<model::CalibrationFacts> CalibrationMemory::recall(const std::string& scenario,
                                                                 const std::string& key) const {
  auto found = proofs_.find(scenario);
  if (found == proofs_.end() || found->second.key != key) {
    return std::nullopt;
  }
  return found->second.facts;
}

void CalibrationMemory::remember(const std::string& scenario, const std::string& key,
                                 const model::CalibrationFacts& facts) {
  if (file_.empty() || !facts.complete) {
    return;
  }
  proofs_[scenario] = {key, facts};
  json document = json::object();
  for (const auto& [id, proof] : proofs_) {
    document[id] = {{"key", proof.key}, {"bad", proof.facts.bad}, {"good", proof.facts.good}};
  }
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), error);
  (void)os::write_file_atomically(file_, document.dump(2) + "\n");
}

}  // namespace relapse::run
