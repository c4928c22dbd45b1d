#pragma once
// What the deploy step that a contract names supplies.

#include "builds/command_runner.h"
#include "contract/contract.h"
#include "supplied/supplied.h"

namespace relapse::env {

// An error too when no tool that builds or deploys is called: then nothing is known.
model::Result<SuppliedReport> ask_deploy(const ContractDeploy& deploy, CommandRunner& runner);

}  // namespace relapse::env
