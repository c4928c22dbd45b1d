#pragma once
// relapse.env.json: what a project promises about its environment variables, and how to try it.
// The format is published as relapse.env.schema.json beside this file.
//
//   { "build": { "command": "npm run build", "output": "dist" },
//     "deploy": { "workflow": ".github/workflows/deploy.yml", "job": "platform",
//                 "values": { "vars": { "API_URL": "https://api.test" } } },
//     "page": { "ready": "[data-ready]" },
//     "dev": { "command": "npm run dev", "ready": "Local:" },
//     "names": { "API_URL": "required",
//                "KEY": { "need": "required", "secret": true, "why": "signs", "sample": "pk_x" } }
//                }

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "model/result.h"
#include "page/page.h"

namespace relapse::env {

enum class Need { kRequired, kOptional };

struct ContractName {
  Need need = Need::kRequired;
  bool secret = false;  // must not be in what is shipped, nor in any output of ours
  std::string why;      // for people
  std::string sample;   // a value to build with where nothing real is at hand; empty: made up
  int line = 0;         // in the contract
};

struct ContractBuild {
  std::string command;  // a line for the shell
  std::vector<std::string> outputs;
  double limit_ms = 600'000;
};

struct ContractDeploy {
  std::string workflow;                              // absolute
  std::string job;                                   // empty: the only one
  nlohmann::json values = nlohmann::json::object();  // vars, secrets, inputs, github
  std::vector<std::string> tools;                    // names of deploying tools of its own
  std::string contract;                              // the file that says so, and where
  int workflow_line = 0;
  int job_line = 0;
};

// What developers run: a guard that is right for the build may stop it.
struct ContractDev {
  std::string command;  // a line for the shell
  std::string ready;    // what it prints once it works; empty: it has to end with exit code 0
  double limit_ms = 60'000;
};

struct Contract {
  std::string file;    // absolute
  std::string folder;  // where it lies: everything in it is relative to this
  std::optional<ContractBuild> build;
  std::optional<ContractDeploy> deploy;
  std::optional<PageExpectation> page;
  std::optional<ContractDev> dev;
  std::map<std::string, ContractName> names;

  // Of secrets, samples included: nothing may show them.
  std::vector<std::string> secret_values() const;
};

constexpr const char* kContractFile = "relapse.env.json";

// kScenario with file, line and the nearest valid name; kUsage where there is none.
model::Result<Contract> read_contract(const std::string& file);
// The same over a text; `file` names it and says what paths are relative to.
model::Result<Contract> parse_contract(const std::string& text, const std::string& file);

}  // namespace relapse::env
