#include "contract/check_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "contract/rename.h"

namespace relapse::env {

using model::VerdictKind;

namespace {

const ScannedName* find_scanned(const std::vector<ScannedName>& names, const std::string& name) {
  auto found =
      std::find_if(names.begin(), names.end(), [&](const auto& one) { return one.name == name; });
  return found == names.end() ? nullptr : &*found;
}

bool fails(const std::optional<Lacking>& lacking) {
  return lacking && (lacking->build.effect == Effect::kLoud ||  //
                     lacking->build.effect == Effect::kObscure);
}

// Passes, or fails: what keeps it from that (time, memory) says nothing about the name.
bool is_known(const std::optional<Lacking>& lacking) {
  return goes_unnoticed(lacking) || fails(lacking);
}

bool does_harm(const std::optional<Lacking>& lacking) {
  return lacking && lacking->build.effect == Effect::kSilent &&
         (!lacking->page || !lacking->page->findings.empty());
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
  void collect_idle();
  CheckRow row_of(const std::string& name);
  void add(CheckRow& row, Problem problem) const;
  WantedBy wanted_by(const std::string& name) const;
  std::optional<Supply> supply_of(const std::string& name) const;
  void tell_effect(CheckRow& row) const;
  void tell_start(CheckRow& row) const;
  void judge_required(CheckRow& row) const;
  void judge_optional(CheckRow& row) const;
  void judge_unlisted(CheckRow& row) const;
  void ask_about_rename(CheckRow& row);
  SourcePlace place_to_add() const;
  void judge_dev(CheckReport& report) const;
  void judge_build(CheckReport& report) const;
  void judge_page(CheckReport& report) const;
  void conclude(CheckReport& report) const;
  bool lacks(const CheckRow& row) const;
  bool is_wanted(const std::string& name) const;

  const CheckFacts& facts_;
  std::map<std::string, const KnockoutName*> tried_;
  std::vector<std::string> idle_;    // supplied, and nobody asks for them
  std::set<std::string> explained_;  // of these, what a missing name's row tells
};

void Judge::add(CheckRow& row, Problem problem) const {
  row.problems.push_back(problem);
  row.state = std::max(row.state, state_of(problem, facts_.strict));
}

// Known not to be given, or given empty.
bool Judge::lacks(const CheckRow& row) const {
  return row.supply && row.supply->state != SupplyState::kSet;
}

bool Judge::is_wanted(const std::string& name) const {
  return wanted_by(name).source != WantedBy::Source::kNobody;
}

void Judge::collect_idle() {
  if (!facts_.supplied) {
    return;
  }
  for (const auto& one : facts_.supplied->names) {
    if (one.line > 0 && one.state != SupplyState::kAbsent && !is_wanted(one.name) &&
        well_known(one.name).empty()) {
      idle_.push_back(one.name);
    }
  }
}

// The first place that reads it in earnest; else a test; else what the real build did.
WantedBy Judge::wanted_by(const std::string& name) const {
  const Place* best = nullptr;
  if (const auto* scanned = find_scanned(facts_.scan.names, name); scanned != nullptr) {
    for (const auto& place : scanned->places) {
      const bool better = best == nullptr || (best->in_test && !place.in_test);
      best = place.role == Role::kRead && better ? &place : best;
    }
  }
  if (best != nullptr) {
    return {WantedBy::Source::kRead, {best->file, best->line}, best->how};
  }
  const ObservedName* seen = nullptr;
  for (const auto& one : facts_.observed) {
    const bool better = seen == nullptr || (seen->line == 0 && one.line > 0);
    seen = one.name == name && better ? &one : seen;
  }
  return seen == nullptr ? WantedBy{}
                         : WantedBy{WantedBy::Source::kObserved,
                                    {seen->file, seen->line},
                                    seen->how.empty() ? seen->by : seen->how};
}

std::optional<Supply> Judge::supply_of(const std::string& name) const {
  if (!facts_.supplied) {
    return std::nullopt;
  }
  const auto* found = facts_.supplied->find(name);
  if (found == nullptr || found->state == SupplyState::kAbsent) {
    return Supply{SupplyState::kAbsent, place_to_add(), ""};
  }
  return Supply{found->state, {found->file, found->line}, found->because};
}

void Judge::tell_effect(CheckRow& row) const {
  const auto tried = tried_.find(row.name);
  if (tried == tried_.end()) {
    return;
  }
  const auto pages = facts_.pages.find(row.name);
  const PagesWithout none;
  const auto& page = pages == facts_.pages.end() ? none : pages->second;
  row.unset = Lacking{tried->second->unset, page.unset};
  row.empty = Lacking{tried->second->empty, page.empty};
}

void Judge::tell_start(CheckRow& row) const {
  for (const auto& one : facts_.runtime) {
    if (one.name == row.name) {
      row.start = one;
    }
  }
}

// A supplied name that nobody asks for is probably what this one was called before.
void Judge::ask_about_rename(CheckRow& row) {
  if (!row.supply || row.supply->state != SupplyState::kAbsent) {
    return;
  }
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
  row.old_name = OldName{old, {found->file, found->line}};
  row.supply->place = row.old_name->place;  // where the name is to be changed
}

// Where a missing name is to be added: after the last that is supplied, or where the tool is
// called.
SourcePlace Judge::place_to_add() const {
  const SuppliedName* last = nullptr;
  for (const auto& one : facts_.supplied->names) {
    if (one.state != SupplyState::kAbsent && one.line > 0 &&
        (last == nullptr || one.line > last->line)) {
      last = &one;
    }
  }
  if (last != nullptr) {
    return {last->file, last->line};
  }
  const auto& calls = facts_.supplied->calls;
  return calls.empty() ? SourcePlace{} : SourcePlace{calls.back().file, calls.back().line};
}

void Judge::judge_required(CheckRow& row) const {
  if (lacks(row)) {
    add(row,
        row.supply->state == SupplyState::kEmpty ? Problem::kSuppliedEmpty : Problem::kNotSupplied);
  } else if (facts_.knockout && !row.unset) {
    add(row, Problem::kNotTried);
  } else if (goes_unnoticed(row.unset) || goes_unnoticed(row.empty)) {
    add(row, Problem::kUnnoticed);
  } else if (row.unset && (!is_known(row.unset) || !is_known(row.empty))) {
    const bool tried = row.unset->build.effect != Effect::kNotTried &&
                       row.empty->build.effect != Effect::kNotTried;
    add(row, tried ? Problem::kUnknown : Problem::kNotTried);
  }
  // A program must refuse to start; that it says why is kind.
  if (row.start && !(row.start->unset.refuses && row.start->empty.refuses)) {
    add(row, Problem::kStarts);
  }
}

void Judge::judge_optional(CheckRow& row) const {
  row.state = RowState::kOptional;
  if (fails(row.unset)) {
    const bool absent = row.supply && row.supply->state == SupplyState::kAbsent;
    add(row, absent ? Problem::kOptionalMissing : Problem::kOptionalNeeded);
  }
}

// What counts is what the deploy does today: a name that it gives empty is not unset.
void Judge::judge_unlisted(CheckRow& row) const {
  const std::optional<Lacking> none;
  const auto& today = !lacks(row)                                 ? none
                      : row.supply->state == SupplyState::kAbsent ? row.unset
                                                                  : row.empty;
  add(row, does_harm(today) ? Problem::kUnlistedHarm
           : fails(today)   ? Problem::kUnlistedMissing
                            : Problem::kUnlisted);
}

CheckRow Judge::row_of(const std::string& name) {
  CheckRow row;
  row.name = name;
  row.wanted = wanted_by(name);
  row.supply = supply_of(name);
  tell_effect(row);
  tell_start(row);
  const auto promise = facts_.contract->names.find(name);
  if (promise == facts_.contract->names.end()) {
    judge_unlisted(row);
    ask_about_rename(row);
    return row;
  }
  row.purpose = promise->second.why;
  if (promise->second.need == Need::kRequired) {
    judge_required(row);
    ask_about_rename(row);
  } else {
    judge_optional(row);
  }
  const auto tried = tried_.find(name);
  if (promise->second.secret && tried != tried_.end() && tried->second->reaches_output) {
    add(row, Problem::kSecretShipped);
  }
  return row;
}

void Judge::judge_dev(CheckReport& report) const {
  if (!facts_.dev || facts_.dev->works) {
    return;
  }
  CheckRow row;
  row.name = "dev";
  row.command = facts_.contract->dev ? facts_.contract->dev->command : "";
  row.said = facts_.dev->said;
  add(row, Problem::kDevFails);
  report.rows.push_back(std::move(row));
}

// Where a name lacks, that is why: the build itself is not at fault.
void Judge::judge_build(CheckReport& report) const {
  const bool explained =
      std::any_of(report.rows.begin(), report.rows.end(),
                  [&](const CheckRow& row) { return row.state == RowState::kFail && lacks(row); });
  if (!facts_.knockout || facts_.knockout->reference.passes) {
    return;
  }
  if (explained || !facts_.supplied) {
    report.notes.emplace_back("the build does not pass with what is supplied");
    return;
  }
  CheckRow row;
  row.name = "build";
  row.said = facts_.knockout->reference.said;
  add(row, Problem::kBuildFails);
  report.rows.push_back(std::move(row));
}

void Judge::judge_page(CheckReport& report) const {
  if (!facts_.reference_page || facts_.reference_page->findings.empty()) {
    return;
  }
  CheckRow row;
  row.name = "page";
  row.page = facts_.reference_page;
  add(row, Problem::kPageFails);
  report.rows.push_back(std::move(row));
}

void Judge::conclude(CheckReport& report) const {
  const auto count = [&](RowState state) {
    return static_cast<int>(std::count_if(report.rows.begin(), report.rows.end(),
                                          [&](const auto& row) { return row.state == state; }));
  };
  report.problems = count(RowState::kFail);
  report.verdict = report.problems > 0                  ? VerdictKind::kFail
                   : count(RowState::kInconclusive) > 0 ? VerdictKind::kInconclusive
                                                        : VerdictKind::kPass;
  // A deploy that was read and gave no call to look at says nothing about what is supplied.
  if (facts_.supplied && facts_.supplied->calls.empty()) {
    report.verdict = VerdictKind::kInconclusive;
    report.notes.emplace_back("no tool that builds or deploys was called: name it in deploy.tools");
  }
  if (!facts_.knockout) {
    return;
  }
  report.notes.insert(report.notes.end(), facts_.knockout->notes.begin(),
                      facts_.knockout->notes.end());
  if (!facts_.knockout->not_tried.empty()) {
    report.notes.push_back(
        fmt::format("not tried: {}", fmt::join(facts_.knockout->not_tried, ", ")));
  }
}

CheckReport Judge::judge() {
  CheckReport report;
  report.contract_file = facts_.contract->file;
  report.deploy_file = facts_.contract->deploy ? facts_.contract->deploy->workflow : "";
  report.notes = facts_.notes;
  report.blind = facts_.scan.blind_spots;
  judge_page(report);
  judge_dev(report);
  for (const auto& name : names_in_question(facts_)) {
    report.rows.push_back(row_of(name));
  }
  judge_build(report);
  for (const auto& name : idle_) {
    if (!explained_.contains(name) && !facts_.contract->names.contains(name)) {
      const auto* found = facts_.supplied->find(name);
      report.idle.push_back({name, {found->file, found->line}});
    }
  }
  std::stable_sort(report.rows.begin(), report.rows.end(),
                   [](const auto& a, const auto& b) { return a.state > b.state; });
  conclude(report);
  return report;
}

}  // namespace

bool CheckRow::has(Problem problem) const {
  return std::find(problems.begin(), problems.end(), problem) != problems.end();
}

RowState state_of(Problem problem, bool strict) {
  switch (problem) {
    case Problem::kNotTried:
    case Problem::kUnknown:
      return RowState::kInconclusive;
    case Problem::kOptionalNeeded:
      return RowState::kWarning;
    case Problem::kUnlisted:
      return strict ? RowState::kFail : RowState::kWarning;
    case Problem::kNotSupplied:
    case Problem::kSuppliedEmpty:
    case Problem::kUnnoticed:
    case Problem::kStarts:
    case Problem::kSecretShipped:
    case Problem::kOptionalMissing:
    case Problem::kUnlistedHarm:
    case Problem::kUnlistedMissing:
    case Problem::kBuildFails:
    case Problem::kPageFails:
    case Problem::kDevFails:
      break;
  }
  return RowState::kFail;
}

std::set<std::string> names_in_question(const CheckFacts& facts) {
  std::set<std::string> names;
  for (const auto& [name, promise] : facts.contract->names) {
    names.insert(name);
  }
  for (const auto& one : facts.scan.names) {
    const bool read = std::any_of(one.places.begin(), one.places.end(),
                                  [](const auto& place) { return place.role == Role::kRead; });
    if (one.needed && read) {
      names.insert(one.name);
    }
  }
  for (const auto& one : facts.observed) {
    const auto* scanned = find_scanned(facts.scan.names, one.name);
    if (well_known(one.name).empty() && (scanned == nullptr || scanned->needed)) {
      names.insert(one.name);
    }
  }
  return names;
}

CheckReport judge_check(const CheckFacts& facts) {
  return Judge(facts).judge();
}

}  // namespace relapse::env
