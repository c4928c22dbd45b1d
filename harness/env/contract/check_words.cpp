#include "contract/check_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace relapse::env {

namespace {

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

std::string with_line(const std::string& file, int line) {
  return line > 0 ? fmt::format("{}:{}", file, line) : file;
}

// In a column; a sentence has room for the whole path.
std::string short_place(const SourcePlace& place) {
  return with_line(file_name(place.file), place.line);
}

std::string long_place(const SourcePlace& place) {
  return place.file.empty() ? "the deploy step" : with_line(place.file, place.line);
}

std::string page_words(const PageEffect& page) {
  if (page.findings.empty()) {
    return "page works";
  }
  const auto oracle = page.findings.front().oracle;
  return oracle == PageOracle::kText || oracle == PageOracle::kHosts ? "page changes"
                                                                     : "page broken";
}

std::string effect_words(const Lacking& lacking) {
  switch (lacking.build.effect) {
    case Effect::kLoud:
      return "build fails and names it";
    case Effect::kObscure:
      return "build fails without naming it";
    case Effect::kSilent:
      return "build passes, " + (lacking.page ? page_words(*lacking.page) : "output changes");
    case Effect::kNone:
      return "same output";
    case Effect::kTimeout:
      return "build did not end in time";
    case Effect::kUndecidable:
      return "undecidable: " + lacking.build.why;
    case Effect::kNotTried:
      return "not tried";
  }
  return "";
}

std::string_view start_words(const RuntimeName& start) {
  return start.unset.refuses && start.empty.refuses ? "the program refuses to start"
         : start.unset.refuses                      ? "the program starts with it empty"
         : start.empty.refuses                      ? "the program starts without it"
                                                    : "the program starts";
}

std::string_view unnoticed_words(const CheckRow& row) {
  const bool unset = goes_unnoticed(row.unset);
  return unset && goes_unnoticed(row.empty) ? "missing or empty" : unset ? "missing" : "empty";
}

std::string reason_of(const CheckRow& row, Problem problem) {
  switch (problem) {
    case Problem::kNotSupplied:
      return "required, and not supplied";
    case Problem::kSuppliedEmpty:
      return "required, and supplied empty";
    case Problem::kUnnoticed:
      return fmt::format("required, and the build does not notice when it is {}",
                         unnoticed_words(row));
    case Problem::kNotTried:
      return "required, and not tried";
    case Problem::kUnknown:
      return "required, and what the build does without it is not known";
    case Problem::kStarts:
      return fmt::format("required, and {}", start_words(*row.start));
    case Problem::kSecretShipped:
      return "a secret, and its value is in what the build puts out";
    case Problem::kOptionalMissing:
      return "optional in the contract, not supplied, and the build fails without it";
    case Problem::kOptionalNeeded:
      return "optional in the contract, and the build fails without it";
    case Problem::kUnlistedHarm:
      return "wanted, not supplied, and the build does not notice; not in the contract";
    case Problem::kUnlistedMissing:
      return "wanted, not supplied, and the build fails without it; not in the contract";
    case Problem::kUnlisted:
      return "wanted, and not in the contract";
    case Problem::kBuildFails:
      return "the build fails with what is supplied";
    case Problem::kPageFails:
      return "the page does not work with every variable supplied";
    case Problem::kDevFails:
      return fmt::format("`{}` does not work with what developers have",
                         row.command.empty() ? "dev" : row.command);
  }
  return "";
}

// What comes of it that the name lacks in this way.
std::string consequence_of(const std::optional<Lacking>& lacking) {
  if (!lacking) {
    return "";
  }
  const bool page = lacking->page.has_value();
  if (goes_unnoticed(lacking)) {
    return !page ? "without it the build passes"
           : lacking->page->findings.empty()
               ? "without it the build passes, and the page looks as "
                 "it should"
               : "without it the build passes, and " + lacking->page->findings.front().sentence;
  }
  return lacking->build.effect == Effect::kLoud
             ? "without it the build fails: " + lacking->build.says
             : "without it: " + effect_words(*lacking);
}

std::string with_consequence(std::string sentence, const std::optional<Lacking>& lacking) {
  const std::string consequence = consequence_of(lacking);
  return consequence.empty() ? sentence : sentence + "; " + consequence;
}

std::string missing_sentence(const CheckRow& row) {
  const Supply& supply = *row.supply;
  const bool empty = supply.state == SupplyState::kEmpty;
  const std::string wanted = wanted_words(row);
  std::string out = row.name;
  out += wanted.empty() ? "" : fmt::format(", wanted by {},", wanted);
  out += fmt::format(" is {} by {}", empty ? "supplied empty" : "not supplied",
                     long_place(supply.place));
  out += supply.because.empty() ? "" : fmt::format(" ({})", supply.because);
  if (row.old_name) {
    out += fmt::format("; {} is supplied and nothing reads it: renamed?", row.old_name->name);
  }
  return with_consequence(out, empty ? row.empty : row.unset);
}

std::string unnoticed_sentence(const CheckRow& row) {
  const bool unset = goes_unnoticed(row.unset);
  const std::string wanted = wanted_words(row);
  return with_consequence(
      fmt::format("the build does not notice {} {}{}", unset ? "a missing" : "an empty", row.name,
                  wanted.empty() ? "" : ", wanted by " + wanted),
      unset ? row.unset : row.empty);
}

// A name that only an observed build asked for has a program, and perhaps a place.
std::string observed_words(const WantedBy& wanted) {
  return fmt::format("{} (seen in the build)", wanted.place.file.empty()
                                                   ? wanted.how
                                                   : with_line(wanted.place.file,  //
                                                               wanted.place.line));
}

// The last in the order of problems: one remedy each.
std::string remedy_of(Problem problem, const CheckRow& row, const CheckReport& report) {
  switch (problem) {
    case Problem::kNotSupplied:
    case Problem::kOptionalMissing:
    case Problem::kUnlistedHarm:
    case Problem::kUnlistedMissing:
      return fmt::format("add the name to the deploy step ({}) or make the build fail without it",
                         row.supply->place.file.empty() ? file_name(report.deploy_file)
                                                        : short_place(row.supply->place));
    case Problem::kSuppliedEmpty:
      return "give the variable a value in the service's settings, where an undefined one is empty";
    case Problem::kUnnoticed:
      return "make the build fail when a required variable is missing or empty";
    case Problem::kStarts:
      return "make the program refuse to start without it";
    case Problem::kSecretShipped:
      return "read the secret on the server only";
    case Problem::kUnlisted:
      return "add what is wanted to " + file_name(report.contract_file);
    case Problem::kBuildFails:
      return "make the build pass with what the deploy step gives it";
    case Problem::kDevFails:
      return "let the guard refuse where the build is for others, not where it is developed";
    case Problem::kPageFails:
    case Problem::kNotTried:
    case Problem::kUnknown:
    case Problem::kOptionalNeeded:
      break;
  }
  return "";
}

}  // namespace

std::string_view to_word(RowState state) {
  switch (state) {
    case RowState::kFail:
      return "fail";
    case RowState::kInconclusive:
      return "inconclusive";
    case RowState::kWarning:
      return "warning";
    case RowState::kOptional:
      return "optional";
    case RowState::kOk:
      return "ok";
  }
  return "";
}

std::string_view to_word(Problem problem) {
  switch (problem) {
    case Problem::kNotSupplied:
      return "not-supplied";
    case Problem::kSuppliedEmpty:
      return "supplied-empty";
    case Problem::kUnnoticed:
      return "unnoticed";
    case Problem::kNotTried:
      return "not-tried";
    case Problem::kUnknown:
      return "unknown";
    case Problem::kStarts:
      return "starts";
    case Problem::kSecretShipped:
      return "secret-shipped";
    case Problem::kOptionalMissing:
      return "optional-missing";
    case Problem::kOptionalNeeded:
      return "optional-needed";
    case Problem::kUnlistedHarm:
      return "unlisted-harm";
    case Problem::kUnlistedMissing:
      return "unlisted-missing";
    case Problem::kUnlisted:
      return "unlisted";
    case Problem::kBuildFails:
      return "build-fails";
    case Problem::kPageFails:
      return "page-fails";
    case Problem::kDevFails:
      return "dev-fails";
  }
  return "";
}

bool is_silent(Problem problem) {
  return problem == Problem::kUnnoticed || problem == Problem::kUnlistedHarm;
}

std::string wanted_words(const CheckRow& row) {
  if (!row.wanted || row.wanted->source == WantedBy::Source::kNobody) {
    return "";
  }
  return row.wanted->source == WantedBy::Source::kObserved
             ? observed_words(*row.wanted)
             : with_line(row.wanted->place.file, row.wanted->place.line);
}

std::string_view wanted_source(const CheckRow& row) {
  if (!row.wanted || row.wanted->source == WantedBy::Source::kNobody) {
    return "";
  }
  return row.wanted->source == WantedBy::Source::kRead ? "source" : "build";
}

std::string supply_words(const CheckRow& row, const std::string& deploy_file) {
  if (!row.supply) {
    return "";
  }
  switch (row.supply->state) {
    case SupplyState::kAbsent:
      return "not supplied by " + (deploy_file.empty() ? "the deploy" : file_name(deploy_file));
    case SupplyState::kEmpty:
      return "empty in " + short_place(row.supply->place);
    case SupplyState::kSet:
      break;
  }
  return "supplied";
}

std::string without_words(const CheckRow& row) {
  if (row.start) {
    return std::string(start_words(*row.start));
  }
  if (!row.unset || !row.empty) {
    return "";
  }
  const std::string unset = effect_words(*row.unset);
  const std::string empty = effect_words(*row.empty);
  return unset == empty ? unset : fmt::format("{}; empty: {}", unset, empty);
}

std::string state_words(const CheckRow& row) {
  if (row.state != RowState::kFail) {
    return std::string(to_word(row.state));
  }
  return std::any_of(row.problems.begin(), row.problems.end(), is_silent) ? "FAIL (silent)"
                                                                          : "FAIL";
}

std::string reason_of(const CheckRow& row) {
  std::vector<std::string> reasons;
  for (const Problem problem : row.problems) {
    reasons.push_back(reason_of(row, problem));
  }
  return fmt::format("{}", fmt::join(reasons, "; "));
}

std::string sentence_of(const CheckRow& row) {
  if (row.problems.empty()) {
    return "";
  }
  switch (row.problems.front()) {
    case Problem::kNotSupplied:
    case Problem::kSuppliedEmpty:
      return missing_sentence(row);
    case Problem::kUnnoticed:
      return unnoticed_sentence(row);
    case Problem::kBuildFails:
      return "the build with what is supplied fails: " + row.said;
    case Problem::kPageFails:
      return row.page->findings.front().sentence;
    case Problem::kDevFails:
      return fmt::format("dev does not start ({}): {}", row.command, row.said);
    default:
      return fmt::format("{}: {}", row.name, reason_of(row));
  }
}

std::vector<std::string> notes_of(const CheckRow& row) {
  std::vector<std::string> notes;
  if (row.supply && !row.supply->because.empty()) {
    notes.push_back(row.supply->because);
  }
  for (const auto* lacking : {&row.unset, &row.empty}) {
    if (*lacking && (*lacking)->page && !(*lacking)->page->findings.empty()) {
      notes.push_back("page: " + (*lacking)->page->findings.front().sentence);
      break;
    }
  }
  const bool obscure = (row.unset && row.unset->build.effect == Effect::kObscure) ||
                       (row.empty && row.empty->build.effect == Effect::kObscure);
  if (obscure) {
    notes.emplace_back("the build fails without saying which variable it misses");
  }
  if (row.start && row.start->unset.refuses && row.start->empty.refuses &&
      !(row.start->unset.names_it && row.start->empty.names_it)) {
    notes.emplace_back("the program refuses without saying which variable it misses");
  }
  if (row.old_name) {
    notes.push_back(fmt::format("{} is supplied ({}) and has no effect: renamed?",
                                row.old_name->name, short_place(row.old_name->place)));
  }
  if (row.page) {
    for (const auto& finding : row.page->findings) {
      notes.push_back(finding.sentence);
    }
  }
  if (!row.said.empty()) {
    notes.push_back("it says: " + row.said);
  }
  if (row.has(Problem::kDevFails)) {
    notes.emplace_back("a guard that is right for the build is too strict here");
  }
  if (row.state == RowState::kFail && !row.purpose.empty()) {
    notes.push_back("what for: " + row.purpose);
  }
  if (row.state == RowState::kOk && row.wanted && row.wanted->source == WantedBy::Source::kNobody) {
    notes.emplace_back("no source that can be read names it");
  }
  return notes;
}

std::vector<Picture> pictures_of(const CheckRow& row) {
  std::vector<Picture> pictures;
  const auto add = [&](const char* of, const std::optional<PageEffect>& page) {
    if (page && !page->picture.empty() &&
        (pictures.empty() || pictures.back().file != page->picture)) {
      pictures.push_back({of, page->picture});
    }
  };
  add("the page", row.page);
  add("without it", row.unset ? row.unset->page : std::nullopt);
  add("with it empty", row.empty ? row.empty->page : std::nullopt);
  return pictures;
}

std::vector<std::string> remedies_of(const CheckReport& report) {
  std::vector<std::string> remedies;
  for (const auto& row : report.rows) {
    for (const Problem problem :
         row.state == RowState::kFail ? row.problems : std::vector<Problem>()) {
      const std::string remedy = remedy_of(problem, row, report);
      if (!remedy.empty() &&
          std::find(remedies.begin(), remedies.end(), remedy) == remedies.end()) {
        remedies.push_back(remedy);
      }
    }
  }
  return remedies;
}

std::vector<std::string> notes_of(const CheckReport& report) {
  std::vector<std::string> notes = report.notes;
  for (const auto& one : report.idle) {
    notes.push_back(fmt::format("{} is supplied ({}), and nothing asks for it", one.name,
                                short_place(one.place)));
  }
  for (const auto& spot : report.blind) {
    notes.push_back(
        fmt::format("not to be seen by reading: {}:{}  {}", spot.file, spot.line, spot.what));
  }
  return notes;
}

}  // namespace relapse::env
