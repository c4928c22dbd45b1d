#include "contract/contract_question.h"

#include <fmt/format.h>

#include <filesystem>

#include "contract/contract_deploy.h"
#include "os/files.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::Result;

namespace {

// The same path in the tree that is read.
std::string in_sources(const ContractPlace& place, const std::string& path) {
  const fs::path relative = fs::path(path).lexically_relative(place.folder);
  const bool inside = !relative.empty() && *relative.begin() != "..";
  return inside ? (fs::path(place.sources) / relative).string() : path;
}

}  // namespace

Result<Contract> contract_of(const ContractPlace& place) {
  auto text = os::read_file(fs::path(place.sources) / kContractFile);
  const std::string file = fs::path(place.folder) / kContractFile;
  // Of a missing one the reader says what to do about it.
  return text ? parse_contract(*text, file) : read_contract(file);
}

Result<ContractQuestion> ask_contract(const ContractPlace& place, const Contract& contract,
                                      const Environment& caller, const std::string& page_driver,
                                      const std::string& scratch, CommandRunner& runner) {
  if (!contract.build) {
    return Error{model::ErrorKind::kScenario, "the contract says nothing of how it is built",
                 R"("build": {"command": "npm run build", "output": "dist"})", contract.file};
  }
  if (!contract.deploy) {
    return Error{model::ErrorKind::kScenario, "the contract says nothing of how it is deployed",
                 R"("deploy": {"workflow": ".github/workflows/deploy.yml", "job": "deploy"})",
                 contract.file};
  }
  ContractDeploy deploy = *contract.deploy;
  deploy.workflow = in_sources(place, deploy.workflow);
  auto supplied = ask_deploy(deploy, runner);
  if (!supplied) {
    return supplied.error();
  }
  auto scan = scan_folder(place.sources);
  if (!scan) {
    return scan.error();
  }
  ContractQuestion question;
  question.folder = place.folder;
  question.changes = place.changes;
  question.contract = contract;
  question.scan = *std::move(scan);
  question.supplied = *std::move(supplied);
  question.caller = caller;
  question.scratch = scratch;
  question.secrets = contract.secret_values();
  auto tools = find_page_tools(page_driver);
  if (tools) {
    question.tools = *std::move(tools);
  } else if (contract.page || contract.dev) {
    return tools.error();
  }
  for (const auto& one : question.supplied.names) {
    const auto promise = contract.names.find(one.name);
    if (promise != contract.names.end() && promise->second.secret && !one.value.empty()) {
      question.secrets.push_back(one.value);
    }
  }
  return question;
}

}  // namespace relapse::env
