#include "env/contract_deploy.h"

#include <fmt/format.h>

#include "env/workflow.h"
#include "os/files.h"

namespace relapse::env {

using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

Result<std::string> only_job(const std::string& file) {
  auto text = os::read_file(file);
  if (!text) {
    return Error{ErrorKind::kScenario, text.error().message};
  }
  auto workflow = parse_workflow(*text, file);
  if (!workflow) {
    return workflow.error();
  }
  if (workflow->jobs.size() != 1) {
    return Error{ErrorKind::kScenario, "there is more than one job",
                 "name the one that deploys: \"deploy\": {\"job\": …}", file};
  }
  return workflow->jobs.front().id;
}

}  // namespace

Result<SuppliedReport> ask_deploy(const ContractDeploy& deploy, CommandRunner& runner) {
  JobRequest job;
  job.workflow = deploy.workflow;
  job.job = deploy.job;
  job.values = deploy.values;
  job.tools = deploy.tools;
  if (job.job.empty()) {
    auto only = only_job(deploy.workflow);
    if (!only) {
      return only.error();
    }
    job.job = *only;
  }
  auto supplied = find_supplied(job, runner);
  if (supplied && supplied->calls.empty()) {
    return Error{ErrorKind::kUnavailable,
                 fmt::format("no step of '{}' calls a tool that builds or deploys", job.job),
                 "name yours in the contract: \"deploy\": {\"tools\": […]}", deploy.workflow};
  }
  return supplied;
}

}  // namespace relapse::env
