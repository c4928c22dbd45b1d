#pragma once
// Does a project keep its contract? The deploy step supplies what is required, the page that is
// built of it works, the build refuses without what is required, development starts without it.
// Says which commands come next and is told what became of them; check_judge.h judges.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "builds/build_setup.h"
#include "builds/command_runner.h"
#include "contract/check_judge.h"
#include "model/redactor.h"
#include "model/verdict.h"
#include "page/page_check.h"

namespace relapse::env {

struct ContractQuestion {
  std::string label;                      // for progress
  std::string folder;                     // of the host, absolute
  std::vector<model::WorldFile> changes;  // of its files, for worlds
  Contract contract;                      // with a build
  ScanResult scan;
  SuppliedReport supplied;
  Environment caller;
  std::optional<PageTools> tools;  // for the page and for dev
  std::string scratch;             // an empty folder of the host
  std::string screenshots;         // a folder for the pages' pictures; empty: none are kept
  std::vector<std::string> secrets;
};

enum class ContractPart { kSupplied, kPage, kGuard, kDev };

struct PartEnd {
  model::Verdict verdict;
  std::string output;  // of what failed
};

class ContractTrial {
 public:
  ContractTrial(ContractQuestion question, std::set<ContractPart> parts);

  // What is to be run now; empty: it is over.
  std::vector<WorldCommand> next();
  void take(const std::vector<model::Observation>& seen);

  // When it is over. A part that an earlier failure has left untried is inconclusive.
  PartEnd end_of(ContractPart part) const;

 private:
  struct Build {
    std::string key;  // part of a page's name too: "supplied", "unset-0"
    std::string label;
    Environment env;
    model::Observation seen;
    bool done = false;

    bool passes() const;
  };

  bool wants(ContractPart part) const { return parts_.contains(part); }
  bool lacks(const std::string& name) const;
  bool is_supplied() const;
  Environment complete() const;
  void plan_builds();
  std::string copy_of(const Build& build) const;
  WorldCommand command_of(const Build& build) const;
  WorldCommand command_of_dev() const;
  std::vector<WorldCommand> first_stage();
  std::vector<WorldCommand> page_stage();
  const Build* find(const std::string& key) const;
  std::optional<PageEffect> page_of(const std::string& key) const;
  void judge();
  KnockoutReport knockout() const;
  const CheckRow* row_with(std::initializer_list<Problem> problems) const;
  PartEnd end_of_page() const;
  PartEnd end_of_guard() const;
  PartEnd end_of_dev() const;

  ContractQuestion question_;
  std::set<ContractPart> parts_;
  model::Redactor redactor_;
  BuildSetup setup_;
  Environment supplied_;               // all that the deploy step gives to the build
  std::vector<std::string> required_;  // names
  std::vector<Build> builds_;
  std::optional<model::Observation> dev_;
  std::optional<PageCheck> page_check_;
  std::vector<PageVerdict> pages_;
  std::string page_trouble_;  // why no page could be looked at
  enum class Stage { kBuilds, kPages, kOver } stage_ = Stage::kBuilds;
  CheckReport report_;  // once it is over
};

}  // namespace relapse::env
