#pragma once
// From a contract to what is tried: the deploy step is run for what it supplies, and the sources
// are read for who wants it.

#include <string>

#include "contract/contract.h"
#include "contract/contract_trial.h"

namespace relapse::env {

struct ContractPlace {
  std::string folder;                     // where the project lies, and is shown in worlds
  std::string sources;                    // the same files to read, with the changes made
  std::vector<model::WorldFile> changes;  // for worlds
};

// The contract of the sources, with the folder's paths.
model::Result<Contract> contract_of(const ContractPlace& place);

// `scratch`: an existing folder of the host. `page_driver`: see PageTools; where the tools for the
// page are missing, the question is without them, and a note says so.
model::Result<ContractQuestion> ask_contract(const ContractPlace& place, const Contract& contract,
                                             const Environment& caller,
                                             const std::string& page_driver,
                                             const std::string& scratch, CommandRunner& runner);

}  // namespace relapse::env
