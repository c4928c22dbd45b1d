#include "run/calibration_memory.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "os/files.h"
#include "world/zygote_process.h"

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

std::string proof_key(const model::Scenario& scenario, SubjectResolver& resolver) {
  utsname host{};
  ::uname(&host);
  std::string parts = fmt::format("{}\n{}\n", host.release, scenario.quiet_ms);
  for (const auto& file : {std::string("/proc/self/exe"), world::zygote_program().string(),
                           scenario.folder + "/scenario.json"}) {
    auto hash = os::sha256_of_file(file);
    parts += (hash ? *hash : "") + "\n";
  }
  for (const auto& one : scenario.calibration) {
    for (const auto& [name, role] : scenario.roles) {
      const auto chosen = one.use.find(name);
      const auto& choice = chosen == one.use.end() ? role.default_choice : chosen->second;
      parts += resolver.resolve(name, role, choice).facts.sha256 + "\n";
    }
  }
  return os::sha256_of_text(parts);
}

}  // namespace relapse::run
