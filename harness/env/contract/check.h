#pragma once
// `relapse env check`: asks the source, the deploy step, the builds and the page, one after
// the other, and hands the answers to the judge (check_judge.h).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "builds/command_runner.h"
#include "contract/check_judge.h"

namespace relapse::env {

struct CheckRequest {
  Contract contract;
  Environment caller;  // of which a build gets what it needs to find its tools
  bool strict = false;
  std::optional<double> budget_ms;  // for the builds
  int jobs = 1;
  std::string scratch;      // an empty folder of the host
  std::string screenshots;  // a folder beside the reports, not there yet; empty: none are kept
  std::string page_driver;  // the folder of page_driver
  std::string observer;     // the folder of observers; empty: no build is observed
  std::vector<std::string> program;  // must refuse to start without each required variable
  double start_ms = 5'000;           // a program that lives so long has started
  std::function<double()> now_ms;
};

// With a program: only that. Else everything that the contract tells how to try.
model::Result<CheckReport> run_check(const CheckRequest& request, CommandRunner& runner);

}  // namespace relapse::env
