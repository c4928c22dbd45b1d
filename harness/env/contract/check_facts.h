#pragma once
// What is known of a project's variables when they are judged. Whoever asks (a whole check, the
// steps of a scenario, a program's starts) fills in what it has found out; what stands empty was
// not asked.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "builds/observe.h"
#include "contract/contract.h"
#include "knockout/knockout.h"
#include "page/page.h"
#include "supplied/supplied.h"
#include "wanted/scan.h"

namespace relapse::env {

// What a page does.
struct PageEffect {
  std::vector<PageFinding> findings;  // empty: it works
  std::string picture;                // a file, as the reports are to name it; empty: none
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
  std::vector<ObservedName> observed;      // what the real build asked for
  std::optional<SuppliedReport> supplied;  // none: no deploy is named
  std::optional<KnockoutReport> knockout;  // none: nothing was built
  std::map<std::string, PagesWithout> pages;
  std::optional<PageEffect> reference_page;  // with all that is supplied
  std::optional<DevOutcome> dev;
  std::vector<RuntimeName> runtime;  // of a program that was tried, in place of a build
  std::vector<std::string> notes;    // what could not be tried, and why
  bool strict = false;
};

}  // namespace relapse::env
