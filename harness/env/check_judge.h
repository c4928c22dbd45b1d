#pragma once
// What is known of every variable, joined: the contract's word, what the source wants, what the
// deploy supplies, what the build and the page do without it. Pure.
//
// A name fails when it is required and not supplied (or empty), when it is required and neither
// its absence nor its emptiness stops the build, or when it is a secret and its value reaches what
// is shipped. What is wanted and not in the contract is a warning; `strict` makes it a failure.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "env/contract.h"
#include "env/knockout.h"
#include "env/page.h"
#include "env/scan.h"
#include "env/supplied.h"
#include "model/verdict.h"

namespace relapse::env {

// What the page of a build without a name does.
struct PageEffect {
  std::vector<PageFinding> findings;  // empty: it works
};

// Of a name, in the two ways in which it can lack.
struct PagesWithout {
  std::optional<PageEffect> unset;
  std::optional<PageEffect> empty;
};

// What developers run, with nothing but what they have.
struct DevOutcome {
  bool works = true;
  std::string said;  // the telling line of its output
};

// How a program takes it that a name lacks, in the two ways.
struct StartWithout {
  bool refuses = false;
  bool names_it = false;
  std::string said;  // the telling line of its output
};
struct RuntimeName {
  std::string name;
  StartWithout unset;
  StartWithout empty;
};

struct CheckFacts {
  const Contract* contract = nullptr;
  ScanResult scan;
  std::vector<std::string> observed;       // names that the real build asked for
  std::optional<SuppliedReport> supplied;  // none: no deploy is named
  std::optional<KnockoutReport> knockout;  // none: nothing was built
  std::map<std::string, PagesWithout> pages;
  std::optional<PageEffect> reference_page;  // with all that is supplied
  std::optional<DevOutcome> dev;
  std::vector<RuntimeName> runtime;  // of a program that was tried, in place of a build
  std::vector<std::string> notes;    // what could not be tried, and why
  bool strict = false;
};

enum class RowState { kOk, kOptional, kWarning, kInconclusive, kFail };

struct CheckRow {
  std::string name;
  RowState state = RowState::kOk;
  std::string wanted;   // "src/auth.tsx:7"; empty: by nobody
  std::string supply;   // "supplied", "not supplied by deploy.yml"; empty: nothing was asked
  std::string without;  // "build passes, page broken"; empty: not tried
  std::string reason;   // of what is not well: one sentence
  std::vector<std::string> notes;
};

struct CheckReport {
  model::VerdictKind verdict = model::VerdictKind::kPass;
  std::vector<CheckRow> rows;  // the worst first, by name among equals
  std::vector<std::string> remedies;
  std::vector<std::string> notes;  // of the whole: what could not be seen, what was not tried
  int problems = 0;
};

CheckReport judge_check(const CheckFacts& facts);

nlohmann::ordered_json to_json(const CheckReport& report);
std::string to_table(const CheckReport& report);
std::string to_markdown(const CheckReport& report);
std::string_view to_word(RowState state);

}  // namespace relapse::env
