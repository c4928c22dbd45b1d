#pragma once
// Remembers that a scenario was calibrated, so that not every run has to prove it again. A proof
// holds for one state of everything that it rests on: the key.

#include <map>
#include <optional>
#include <string>

#include "model/record.h"
#include "model/scenario.h"
#include "scenario/subjects.h"

namespace relapse::run {

class CalibrationMemory {
 public:
  // `folder` empty: remembers nothing. An unreadable file is an empty memory.
  explicit CalibrationMemory(const std::string& folder);

  std::optional<model::CalibrationFacts> recall(const std::string& scenario,
                                                const std::string& key) const;
  // Written by rename, at once. A memory that cannot be written costs time, not truth.
  void remember(const std::string& scenario, const std::string& key,
                const model::CalibrationFacts& facts);

 private:
  struct Proof {
    std::string key;
    model::CalibrationFacts facts;
  };
  std::string file_;
  std::map<std::string, Proof> proofs_;
};

// Everything that a proof rests on: our own programs, the scenario, the specimens, the kernel.
std::string proof_key(const model::Scenario& scenario, SubjectResolver& resolver);

}  // namespace relapse::run
