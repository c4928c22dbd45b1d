#pragma once
// What this host can do for relapse, found by trying: for `relapse doctor` and for the record.

#include <string>
#include <vector>

#include "model/record.h"

namespace relapse::world {

enum class CapabilityState { kYes, kPartly, kNo };

struct Capability {
  std::string name;  // "user-namespaces": a key of the record, never renamed
  CapabilityState state = CapabilityState::kNo;
  std::string found;   // what it comes to here: one phrase
  std::string remedy;  // a sentence: what to do about it; empty when nothing is amiss
};

std::string to_string(CapabilityState state);  // "yes", "partly", "no"

// In the order in which a reader wants them: the first that is missing explains those behind it.
// Makes one world, and starts node, npm and a browser for their versions: about a second.
std::vector<Capability> find_capabilities();

// The same as the record states it, with the kernel, the cores and the privileges.
model::HostFacts host_facts(const std::vector<Capability>& capabilities);

}  // namespace relapse::world
