#pragma once
// Does a project keep its contract? The deploy step supplies what is required, the page that is
// built of it works, the build refuses without what is required, development starts without it.
// Says which commands come next and is told what became of them.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "env/build_setup.h"
#include "env/command_runner.h"
#include "env/contract.h"
#include "env/page_check.h"
#include "model/verdict.h"

namespace relapse::env {

// A name that must be there, and what is known of it.
struct RequiredName {
  std::string name;
  std::string example;    // a value with which the build and the page work; may be empty
  std::string wanted_by;  // "src/auth.tsx:7"; may be empty
  // From the deploy step; nullopt: absent.
  std::optional<std::string> supplied;
  std::string supplied_by;  // "deploy.yml:29": the line that supplies it, or ought to
  std::string why_empty;    // "vars.X is not defined"
  std::string old_name;     // supplied, and nothing reads it: probably what it was called

  bool lacks() const { return !supplied || supplied->empty(); }
};

struct ContractQuestion {
  std::string label;                      // for progress
  std::string folder;                     // of the host, absolute
  std::vector<model::WorldFile> changes;  // of its files, for worlds
  ContractBuild build;
  Environment caller;
  Environment supplied;  // all that the deploy step gives to the build
  std::vector<RequiredName> required;
  std::optional<PageExpectation> page;
  std::optional<PageTools> tools;  // for the page and for dev
  std::optional<ContractDev> dev;
  std::string scratch;      // an empty folder of the host
  std::string screenshots;  // a folder for the pages' pictures; empty: none are kept
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
  const std::vector<std::string>& notes() const { return notes_; }

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
  bool is_supplied() const;
  Environment complete() const;
  void plan_builds();
  std::string copy_of(const Build& build) const;
  WorldCommand command_of(const Build& build) const;
  WorldCommand dev_command() const;
  std::vector<WorldCommand> first_stage();
  std::vector<WorldCommand> page_stage();
  void take_pages(const model::Observation& seen);
  const Build* find(const std::string& key) const;
  const PageVerdict* page_of(const std::string& key) const;
  std::string consequence_of(const std::string& key) const;
  PartEnd end_of_supplied() const;
  PartEnd end_of_page() const;
  PartEnd end_of_guard() const;
  PartEnd end_of_dev() const;

  ContractQuestion question_;
  std::set<ContractPart> parts_;
  BuildSetup setup_;
  std::vector<Build> builds_;
  std::optional<model::Observation> dev_;
  std::optional<PageCheck> page_check_;
  std::vector<PageVerdict> pages_;
  std::string page_trouble_;  // why no page could be looked at
  enum class Stage { kBuilds, kPages, kOver } stage_ = Stage::kBuilds;
  std::vector<std::string> notes_;
};

}  // namespace relapse::env
