#include "contract/contract_deploy.h"

#include <fmt/format.h>

#include <filesystem>

#include "model/nearest.h"
#include "os/files.h"
#include "supplied/workflow.h"

namespace relapse::env {

namespace fs = std::filesystem;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

// The files beside the one that is not there.
std::vector<std::string> workflows_beside(const fs::path& file) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(file.parent_path(), error), end; !error && at != end;
       at.increment(error)) {
    names.push_back(at->path().filename());
  }
  return names;
}

// The contract's job or, where it names none, the only one.
Result<std::string> job_of(const ContractDeploy& deploy) {
  const fs::path file = deploy.workflow;
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kScenario, fmt::format("there is no workflow {}", file.string()),
                 model::suggestion(file.filename(), workflows_beside(file)), deploy.contract,
                 deploy.workflow_line};
  }
  auto workflow = parse_workflow(*text, file);
  if (!workflow) {
    return workflow.error();
  }
  if (deploy.job.empty() && workflow->jobs.size() == 1) {
    return workflow->jobs.front().id;
  }
  std::vector<std::string> jobs;
  for (const auto& job : workflow->jobs) {
    jobs.push_back(job.id);
  }
  if (deploy.job.empty()) {
    return Error{ErrorKind::kScenario,
                 fmt::format("{} has more than one job", file.filename().string()),
                 fmt::format("\"deploy\": {{\"job\": …}} names the one that deploys: {}",
                             fmt::join(jobs, ", ")),
                 deploy.contract, deploy.workflow_line};
  }
  if (workflow->find(deploy.job) == nullptr) {
    return Error{ErrorKind::kScenario,
                 fmt::format("{} has no job '{}'", file.filename().string(), deploy.job),
                 model::suggestion(deploy.job, jobs), deploy.contract, deploy.job_line};
  }
  return deploy.job;
}

}  // namespace

Result<SuppliedReport> ask_deploy(const ContractDeploy& deploy, CommandRunner& runner) {
  JobRequest job;
  job.workflow = deploy.workflow;
  job.values = deploy.values;
  job.tools = deploy.tools;
  auto named = job_of(deploy);
  if (!named) {
    return named.error();
  }
  job.job = *std::move(named);
  auto supplied = find_supplied(job, runner);
  if (supplied && supplied->calls.empty()) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("no step of '{}' calls a tool that builds or deploys", job.job),
                 "name yours in the contract: \"deploy\": {\"tools\": […]}", deploy.contract,
                 deploy.job_line};
  }
  return supplied;
}

}  // namespace relapse::env
