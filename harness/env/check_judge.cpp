#include "env/check_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "env/rename.h"

namespace relapse::env {

using model::VerdictKind;

namespace {

const ScannedName* find_scanned(const std::vector<ScannedName>& names, const std::string& name) {
  auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.name == name; });
  return found == names.end() ? nullptr : &*found;
}

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string place_of(const std::string& file, int line) {
  return line > 0 ? fmt::format("{}:{}", file_name(file), line) : file_name(file);
}

// The worse of two that are known; how bad: passing over it in silence, then not saying what it is.
int badness(Effect effect) {
  switch (effect) {
    case Effect::kSilent:
      return 3;
    case Effect::kObscure:
      return 2;
    case Effect::kLoud:
      return 1;
    default:
      return 0;
  }
}

bool is_known(Effect effect) {
  return badness(effect) > 0 || effect == Effect::kNone;
}

bool goes_unnoticed(Effect effect) {
  return effect == Effect::kSilent || effect == Effect::kNone;
}

std::string page_words(const PageEffect& page) {
  if (page.findings.empty()) {
    return "page works";
  }
  const auto oracle = page.findings.front().oracle;
  return oracle == PageOracle::kText || oracle == PageOracle::kHosts ? "page changes"
                                                                     : "page broken";
}

std::string effect_words(const Outcome& outcome, const std::optional<PageEffect>& page) {
  switch (outcome.effect) {
    case Effect::kLoud:
      return "build fails and names it";
    case Effect::kObscure:
      return "build fails without naming it";
    case Effect::kSilent:
      return "build passes, " + (page ? page_words(*page) : "output changes");
    case Effect::kNone:
      return "same output";
    case Effect::kTimeout:
      return "build did not end in time";
    case Effect::kUndecidable:
      return "undecidable: " + outcome.why;
    case Effect::kNotTried:
      return "not tried";
  }
  return "";
}

// One variable on its way to its row.
class Judge {
 public:
  explicit Judge(const CheckFacts& facts) : facts_(facts) {
    collect_idle();
    if (facts_.knockout) {
      for (const auto& one : facts_.knockout->names) {
        tried_[one.name] = &one;
      }
    }
  }

  CheckReport judge();

 private:
  std::set<std::string> names() const;
  void collect_idle();
  CheckRow row_of(const std::string& name);
  void tell_wanted(CheckRow& row) const;
  void tell_supply(CheckRow& row) const;
  void tell_effect(CheckRow& row) const;
  void judge_required(CheckRow& row);
  void judge_optional(CheckRow& row, bool in_contract) const;
  void judge_secret(CheckRow& row) const;
  void judge_start(CheckRow& row) const;
  bool does_harm(const std::string& name) const;
  void ask_about_rename(CheckRow& row);
  void judge_dev(CheckReport& report) const;
  void judge_reference(CheckReport& report) const;
  void add_remedies(CheckReport& report) const;
  void conclude(CheckReport& report) const;
  bool is_supplied(const std::string& name) const;
  bool is_wanted(const std::string& name) const;
  std::string deploy_file() const;
  std::string deploy_line() const;

  const CheckFacts& facts_;
  std::map<std::string, const KnockoutName*> tried_;
  std::vector<std::string> idle_;    // supplied, and nobody asks for them
  std::set<std::string> explained_;  // of these, what a missing name's row tells
  std::string renamed_line_;         // where the first old name is supplied
};

bool Judge::is_supplied(const std::string& name) const {
  const auto* found = facts_.supplied ? facts_.supplied->find(name) : nullptr;
  return found != nullptr && found->state == SupplyState::kSet;
}

bool Judge::is_wanted(const std::string& name) const {
  const auto* scanned = find_scanned(facts_.scan.names, name);
  const bool read = scanned != nullptr &&
                    std::any_of(scanned->places.begin(), scanned->places.end(),
                                [](const auto& place) { return place.role == Role::kRead; });
  return read ||
         std::find(facts_.observed.begin(), facts_.observed.end(), name) != facts_.observed.end();
}

void Judge::collect_idle() {
  if (!facts_.supplied) {
    return;
  }
  for (const auto& one : facts_.supplied->names) {
    if (one.line > 0 && !is_wanted(one.name) && well_known(one.name).empty()) {
      idle_.push_back(one.name);
    }
  }
}

// Every name that somebody has to think about.
std::set<std::string> Judge::names() const {
  std::set<std::string> names;
  for (const auto& [name, promise] : facts_.contract->names) {
    names.insert(name);
  }
  for (const auto& one : facts_.scan.names) {
    if (one.needed && is_wanted(one.name)) {
      names.insert(one.name);
    }
  }
  for (const auto& name : facts_.observed) {
    const auto* scanned = find_scanned(facts_.scan.names, name);
    if (well_known(name).empty() && (scanned == nullptr || scanned->needed)) {
      names.insert(name);
    }
  }
  return names;
}

void Judge::tell_wanted(CheckRow& row) const {
  const auto* scanned = find_scanned(facts_.scan.names, row.name);
  if (scanned == nullptr) {
    return;
  }
  for (const auto& place : scanned->places) {
    if (place.role == Role::kRead && !place.in_test) {
      row.wanted = fmt::format("{}:{}", place.file, place.line);
      return;
    }
  }
}

std::string Judge::deploy_file() const {
  return facts_.contract->deploy ? file_name(facts_.contract->deploy->workflow) : "the deploy";
}

void Judge::tell_supply(CheckRow& row) const {
  if (!facts_.supplied) {
    return;
  }
  const auto* found = facts_.supplied->find(row.name);
  if (found == nullptr || found->state == SupplyState::kAbsent) {
    row.supply = "not supplied by " + deploy_file();
  } else if (found->state == SupplyState::kEmpty) {
    row.supply = "empty in " + place_of(found->file, found->line);
    if (!found->because.empty()) {
      row.notes.push_back(found->because);
    }
  } else {
    row.supply = "supplied";
  }
}

void Judge::tell_effect(CheckRow& row) const {
  const auto tried = tried_.find(row.name);
  if (tried == tried_.end()) {
    return;
  }
  const auto pages = facts_.pages.find(row.name);
  const PagesWithout none;
  const auto& page = pages == facts_.pages.end() ? none : pages->second;
  const std::string unset = effect_words(tried->second->unset, page.unset);
  const std::string empty = effect_words(tried->second->empty, page.empty);
  row.without = unset == empty ? unset : fmt::format("{}; empty: {}", unset, empty);
  for (const auto* effect : {&page.unset, &page.empty}) {
    if (*effect && !(*effect)->findings.empty()) {
      row.notes.push_back("page: " + (*effect)->findings.front().sentence);
      break;
    }
  }
}

// A supplied name that nobody asks for is probably what this one was called before.
void Judge::ask_about_rename(CheckRow& row) {
  std::vector<std::string> prefixes;
  for (const auto& one : facts_.scan.prefixes) {
    prefixes.insert(prefixes.end(), one.prefixes.begin(), one.prefixes.end());
  }
  const std::string old = probable_rename(row.name, idle_, prefixes);
  if (old.empty()) {
    return;
  }
  explained_.insert(old);
  const auto* found = facts_.supplied->find(old);
  const std::string line = place_of(found->file, found->line);
  row.notes.push_back(fmt::format("{} is supplied ({}) and has no effect: renamed?", old, line));
  if (renamed_line_.empty()) {
    renamed_line_ = line;
  }
}

void Judge::judge_required(CheckRow& row) {
  if (facts_.supplied && !is_supplied(row.name)) {
    const auto* found = facts_.supplied->find(row.name);
    const bool is_empty = found != nullptr && found->state == SupplyState::kEmpty;
    row.state = RowState::kFail;
    row.reason = is_empty ? "required, and supplied empty" : "required, and not supplied";
    ask_about_rename(row);
    return;
  }
  const auto tried = tried_.find(row.name);
  if (tried == tried_.end()) {
    if (facts_.knockout) {
      row.state = RowState::kInconclusive;
      row.reason = "required, and not tried";
    }
    return;
  }
  const Effect unset = tried->second->unset.effect;
  const Effect empty = tried->second->empty.effect;
  if (goes_unnoticed(unset) || goes_unnoticed(empty)) {
    row.state = RowState::kFail;
    row.reason = fmt::format("required, and the build does not notice when it is {}",
                             goes_unnoticed(unset) && goes_unnoticed(empty) ? "missing or empty"
                             : goes_unnoticed(unset)                        ? "missing"
                                                                            : "empty");
  } else if (!is_known(unset) || !is_known(empty)) {
    row.state = RowState::kInconclusive;
    row.reason = "required, and what the build does without it is not known";
  } else if (unset == Effect::kObscure || empty == Effect::kObscure) {
    row.notes.emplace_back("the build fails without saying which variable it misses");
  }
}

void Judge::judge_optional(CheckRow& row, bool in_contract) const {
  if (in_contract) {
    row.state = RowState::kOptional;
    const auto tried = tried_.find(row.name);
    if (tried != tried_.end() && badness(tried->second->unset.effect) > 0 &&
        !goes_unnoticed(tried->second->unset.effect)) {
      row.state = RowState::kWarning;
      row.reason = "optional in the contract, and the build fails without it";
    }
    return;
  }
  if (facts_.supplied && !is_supplied(row.name) && does_harm(row.name)) {
    row.state = RowState::kFail;
    row.reason = "wanted, not supplied, and the build does not notice; not in the contract";
    return;
  }
  row.state = facts_.strict ? RowState::kFail : RowState::kWarning;
  row.reason = "wanted, and not in the contract";
}

// The build passes without it, and what comes out is worse, as far as that was looked at.
bool Judge::does_harm(const std::string& name) const {
  const auto tried = tried_.find(name);
  if (tried == tried_.end()) {
    return false;
  }
  const auto pages = facts_.pages.find(name);
  const PagesWithout none;
  const auto& page = pages == facts_.pages.end() ? none : pages->second;
  const auto harms = [](const Outcome& outcome, const std::optional<PageEffect>& seen) {
    return outcome.effect == Effect::kSilent && (!seen || !seen->findings.empty());
  };
  return harms(tried->second->unset, page.unset) || harms(tried->second->empty, page.empty);
}

// A program must refuse to start; that it says why is kind, and only a note where it does not.
void Judge::judge_start(CheckRow& row) const {
  for (const auto& one : facts_.runtime) {
    if (one.name != row.name) {
      continue;
    }
    const bool both = one.unset.refuses && one.empty.refuses;
    row.without = both                ? "the program refuses to start"
                  : one.unset.refuses ? "the program starts with it empty"
                  : one.empty.refuses ? "the program starts without it"
                                      : "the program starts";
    if (!both) {
      row.state = RowState::kFail;
      row.reason = fmt::format("required, and {}", row.without);
    } else if (!one.unset.names_it || !one.empty.names_it) {
      row.notes.emplace_back("the program refuses without saying which variable it misses");
    }
  }
}

void Judge::judge_secret(CheckRow& row) const {
  const auto tried = tried_.find(row.name);
  if (tried != tried_.end() && tried->second->reaches_output) {
    row.state = RowState::kFail;
    row.reason = "a secret, and its value is in what the build puts out";
  }
}

CheckRow Judge::row_of(const std::string& name) {
  CheckRow row;
  row.name = name;
  tell_wanted(row);
  tell_supply(row);
  tell_effect(row);
  const auto promise = facts_.contract->names.find(name);
  const bool in_contract = promise != facts_.contract->names.end();
  if (in_contract && promise->second.need == Need::kRequired) {
    judge_required(row);
    judge_start(row);
  } else {
    judge_optional(row, in_contract);
    if (!in_contract && facts_.supplied && !is_supplied(name)) {
      ask_about_rename(row);
    }
  }
  if (in_contract) {
    if (promise->second.secret) {
      judge_secret(row);
    }
    if (row.state == RowState::kFail && !promise->second.why.empty()) {
      row.notes.push_back("what for: " + promise->second.why);
    }
    if (row.wanted.empty() && !is_wanted(name) && row.state == RowState::kOk) {
      row.notes.emplace_back("no source that can be read names it");
    }
  }
  return row;
}

void Judge::judge_dev(CheckReport& report) const {
  if (!facts_.dev || facts_.dev->works) {
    return;
  }
  CheckRow row;
  row.name = "dev";
  row.state = RowState::kFail;
  row.reason = fmt::format("`{}` does not work with what developers have",
                           facts_.contract->dev ? facts_.contract->dev->command : "dev");
  if (!facts_.dev->said.empty()) {
    row.notes.push_back("it says: " + facts_.dev->said);
  }
  row.notes.emplace_back("a guard that is right for the build is too strict here");
  report.rows.push_back(std::move(row));
}

void Judge::judge_reference(CheckReport& report) const {
  if (facts_.knockout && !facts_.knockout->reference.passes) {
    report.notes.emplace_back("the build does not pass with what is supplied");
  }
  if (!facts_.reference_page || facts_.reference_page->findings.empty()) {
    return;
  }
  CheckRow row;
  row.name = "page";
  row.state = RowState::kFail;
  row.reason = "the page does not work with every variable supplied";
  for (const auto& finding : facts_.reference_page->findings) {
    row.notes.push_back(finding.sentence);
  }
  report.rows.push_back(std::move(row));
}

// Where a missing name is to be added: at its old name, or after the last that is supplied.
std::string Judge::deploy_line() const {
  if (!renamed_line_.empty()) {
    return renamed_line_;
  }
  const SuppliedName* last = nullptr;
  for (const auto& one : facts_.supplied->names) {
    if (one.line > 0 && (last == nullptr || one.line > last->line)) {
      last = &one;
    }
  }
  if (last != nullptr) {
    return place_of(last->file, last->line);
  }
  const auto& calls = facts_.supplied->calls;
  return calls.empty() ? deploy_file() : place_of(calls.front().file, calls.front().line);
}

void Judge::add_remedies(CheckReport& report) const {
  const auto any = [&](std::string_view words) {
    return std::any_of(report.rows.begin(), report.rows.end(), [&](const auto& row) {
      return row.state == RowState::kFail && row.reason.find(words) != std::string::npos;
    });
  };
  if (any("not supplied")) {
    report.remedies.push_back(fmt::format(
        "add the name to the deploy step ({}) or make the build fail without it", deploy_line()));
  }
  if (any("supplied empty")) {
    report.remedies.emplace_back(
        "give the variable a value in the service's settings; an undefined one is empty there");
  }
  if (any("does not notice")) {
    report.remedies.emplace_back(
        "make the build fail when a required variable is missing or empty");
  }
  if (any("starts")) {
    report.remedies.emplace_back("make the program refuse to start without it");
  }
  if (any("a secret")) {
    report.remedies.emplace_back("read the secret on the server only");
  }
  if (any("not in the contract")) {
    report.remedies.push_back("add what is wanted to " + file_name(facts_.contract->file));
  }
}

void Judge::conclude(CheckReport& report) const {
  for (const auto& row : report.rows) {
    report.problems += row.state == RowState::kFail ? 1 : 0;
  }
  const bool unknown = std::any_of(report.rows.begin(), report.rows.end(), [](const auto& row) {
    return row.state == RowState::kInconclusive;
  });
  report.verdict = report.problems > 0 ? VerdictKind::kFail
                   : unknown           ? VerdictKind::kInconclusive
                                       : VerdictKind::kPass;
  // A deploy that was read and gave no call to look at says nothing about what is supplied.
  if (facts_.supplied && facts_.supplied->calls.empty()) {
    report.verdict = VerdictKind::kInconclusive;
    report.notes.emplace_back("no tool that builds or deploys was called: name it in deploy.tools");
  }
  if (facts_.knockout) {
    report.notes.insert(report.notes.end(), facts_.knockout->notes.begin(),
                        facts_.knockout->notes.end());
    if (!facts_.knockout->not_tried.empty()) {
      report.notes.push_back(
          fmt::format("not tried: {}", fmt::join(facts_.knockout->not_tried, ", ")));
    }
  }
  for (const auto& spot : facts_.scan.blind_spots) {
    report.notes.push_back(
        fmt::format("not to be seen by reading: {}:{}  {}", spot.file, spot.line, spot.what));
  }
}

CheckReport Judge::judge() {
  CheckReport report;
  report.notes = facts_.notes;
  judge_reference(report);
  judge_dev(report);
  for (const auto& name : names()) {
    report.rows.push_back(row_of(name));
  }
  for (const auto& name : idle_) {
    if (!explained_.contains(name) && !facts_.contract->names.contains(name)) {
      const auto* found = facts_.supplied->find(name);
      report.notes.push_back(
          fmt::format("{} is supplied ({}), and no source that can be read "
                      "asks for it",
                      name, place_of(found->file, found->line)));
    }
  }
  std::stable_sort(report.rows.begin(), report.rows.end(), [](const auto& a, const auto& b) {
    return static_cast<int>(a.state) > static_cast<int>(b.state);
  });
  add_remedies(report);
  conclude(report);
  return report;
}

}  // namespace

CheckReport judge_check(const CheckFacts& facts) {
  return Judge(facts).judge();
}

}  // namespace relapse::env
