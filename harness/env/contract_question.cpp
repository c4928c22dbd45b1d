#include "env/contract_question.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "env/env_file.h"
#include "env/rename.h"
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

std::string shown(const std::string& file, int line) {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

// What a call was told about the name, or had in its environment, or beside it in a file.
std::optional<std::string> value_in(const RecordedCall& call, const std::string& name) {
  const std::string start = name + "=";
  for (const auto& word : call.argv) {
    const size_t at = word.starts_with("-") ? word.find("=" + start) + 1 : 0;
    if (word.compare(at, start.size(), start) == 0) {
      return word.substr(at + start.size());
    }
  }
  if (auto found = call.env.find(name); found != call.env.end()) {
    return found->second;
  }
  for (const auto& [file, text] : call.env_files) {
    auto entries = parse_env_text(text, file);
    if (entries && entries->contains(name)) {
      return entries->at(name).value;
    }
  }
  return std::nullopt;
}

// What is supplied by name is what the last build or deployment was given.
Environment values_of(const JobReport& job, const SuppliedReport& supply) {
  Environment values;
  for (const auto& one : supply.names) {
    if (one.state == SupplyState::kAbsent) {
      continue;
    }
    values[one.name] = "";
    for (const auto& leg : job.legs) {
      for (const auto& call : leg.calls) {
        auto value = value_in(call.call, one.name);
        if (value && one.state == SupplyState::kSet) {
          values[one.name] = *value;
        }
      }
    }
  }
  return values;
}

const ScannedName* find_scanned(const ScanResult& scan, const std::string& name) {
  auto found = std::find_if(scan.names.begin(), scan.names.end(),
                            [&](const auto& one) { return one.name == name; });
  return found == scan.names.end() ? nullptr : &*found;
}

// The first place that reads it in earnest.
const Place* reader_of(const ScanResult& scan, const std::string& name) {
  const ScannedName* scanned = find_scanned(scan, name);
  if (scanned == nullptr) {
    return nullptr;
  }
  auto found = std::find_if(scanned->places.begin(), scanned->places.end(), [](const auto& place) {
    return place.role == Role::kRead && !place.in_test;
  });
  return found == scanned->places.end() ? nullptr : &*found;
}

// Of the names that are supplied and that no source reads.
std::string old_name_of(const std::string& name, const SuppliedReport& supply,
                        const ScanResult& scan) {
  std::vector<std::string> idle;
  for (const auto& one : supply.names) {
    if (one.state != SupplyState::kAbsent && reader_of(scan, one.name) == nullptr) {
      idle.push_back(one.name);
    }
  }
  std::vector<std::string> prefixes;
  for (const auto& one : scan.prefixes) {
    prefixes.insert(prefixes.end(), one.prefixes.begin(), one.prefixes.end());
  }
  return probable_rename(name, idle, prefixes);
}

class Asking {
 public:
  Asking(const SuppliedReport& supply, const ScanResult& scan) : supply_(supply), scan_(scan) {}

  RequiredName about(const std::string& name, const ContractName& facts,
                     const Environment& values) const {
    RequiredName required;
    required.name = name;
    required.example = facts.sample;
    if (const Place* reader = reader_of(scan_, name)) {
      required.wanted_by = shown(reader->file, reader->line);
    }
    const SuppliedName* supplied = supply_.find(name);
    if (supplied != nullptr && supplied->state != SupplyState::kAbsent) {
      required.supplied = values.at(name);
      required.supplied_by = shown(supplied->file, supplied->line);
      required.why_empty = supplied->because;
      return required;
    }
    required.old_name = old_name_of(name, supply_, scan_);
    required.supplied_by = line_that_ought_to(required.old_name);
    return required;
  }

 private:
  // Where the old name stands; else beside the last name that is supplied; else the deploy step.
  std::string line_that_ought_to(const std::string& old_name) const {
    const SuppliedName* beside = supply_.find(old_name);
    for (const auto& one : supply_.names) {
      const bool later = beside == nullptr || (old_name.empty() && one.line > beside->line);
      beside = one.state != SupplyState::kAbsent && later ? &one : beside;
    }
    if (beside != nullptr) {
      return shown(beside->file, beside->line);
    }
    return supply_.calls.empty() ? "the deploy step"
                                 : shown(supply_.calls.back().file, supply_.calls.back().line);
  }

  const SuppliedReport& supply_;
  const ScanResult& scan_;
};

struct Supply {
  SuppliedReport report;
  Environment values;
};

Result<Supply> run_deploy(const ContractPlace& place, const Contract& contract,
                          CommandRunner& runner) {
  Supply supply;
  if (!contract.deploy) {
    return Error{model::ErrorKind::kScenario, "the contract says nothing of how it is deployed",
                 R"("deploy": {"workflow": ".github/workflows/deploy.yml", "job": "deploy"})",
                 contract.file};
  }
  JobRequest request;
  request.workflow = in_sources(place, contract.deploy->workflow);
  request.job = contract.deploy->job;
  request.tools = contract.deploy->tools;
  request.values = contract.deploy->values;
  auto job = run_job(request, runner);
  if (!job) {
    return job.error();
  }
  supply.report = judge_supply(*job, request);
  if (supply.report.calls.empty()) {
    return Error{model::ErrorKind::kScenario,
                 fmt::format("no step of '{}' calls a tool that builds or deploys", request.job),
                 "name yours under \"tools\" of \"deploy\"", contract.file};
  }
  supply.values = values_of(*job, supply.report);
  return supply;
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
  auto supply = run_deploy(place, contract, runner);
  if (!supply) {
    return supply.error();
  }
  auto scan = scan_folder(place.sources);
  if (!scan) {
    return scan.error();
  }
  ContractQuestion question;
  question.folder = place.folder;
  question.changes = place.changes;
  question.build = *contract.build;
  question.caller = caller;
  question.supplied = supply->values;
  question.page = contract.page;
  question.scratch = scratch;
  question.dev = contract.dev;
  question.secrets = contract.secret_values();
  auto tools = find_page_tools(page_driver);
  if (tools) {
    question.tools = *std::move(tools);
  } else if (contract.page || contract.dev) {
    return tools.error();
  }
  const Asking asking(supply->report, *scan);
  for (const auto& [name, facts] : contract.names) {
    if (facts.need != Need::kOptional) {
      question.required.push_back(asking.about(name, facts, supply->values));
    }
    const auto value = supply->values.find(name);
    if (facts.secret && value != supply->values.end() && !value->second.empty()) {
      question.secrets.push_back(value->second);
    }
  }
  return question;
}

}  // namespace relapse::env
