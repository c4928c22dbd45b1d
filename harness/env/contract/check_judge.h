#pragma once
// What is known of every variable, joined: the contract's word, what the source and the build want,
// what the deploy supplies, what the build and the page do without it. Pure, and without words:
// a row holds what is wrong as an enumerator, and check_words.h says it.
//
// A name fails when it is required and not supplied (or empty), when it is required and neither
// its absence nor its emptiness stops the build, or when it is a secret and its value reaches what
// is shipped. What is wanted and not in the contract is a warning; `strict` makes it a failure. It
// fails in any case when the deploy does not supply it and what comes out is worse for it.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/check_facts.h"
#include "model/verdict.h"

namespace relapse::env {

// In the order in which a row names them.
enum class Problem {
  kNotSupplied,      // required, and the deploy does not give it
  kSuppliedEmpty,    // required, and the deploy gives nothing in it
  kUnnoticed,        // required, and a build passes without it
  kNotTried,         // required, and no build was tried without it
  kUnknown,          // required, and what the build does without it could not be told
  kStarts,           // required, and a program starts without it
  kSecretShipped,    // a secret whose value is in what the build puts out
  kOptionalMissing,  // optional, not supplied, and the build fails without it
  kOptionalNeeded,   // the same, but supplied
  kUnlistedHarm,     // not in the contract, not supplied, and what comes out is worse for it
  kUnlistedMissing,  // not in the contract, not supplied, and the build fails without it
  kUnlisted,         // wanted, and not in the contract
  kBuildFails,       // with what is supplied
  kPageFails,        // with what is supplied
  kDevFails,         // with what developers have
};

enum class RowState { kOk, kOptional, kWarning, kInconclusive, kFail };

// How bad a problem is by itself.
RowState state_of(Problem problem, bool strict);

struct SourcePlace {
  std::string file;
  int line = 0;  // 0: none is known
};

// Who wants a name.
struct WantedBy {
  enum class Source { kNobody, kRead, kObserved };
  Source source = Source::kNobody;  // kObserved: no source that can be read names it
  SourcePlace place;                // of what was observed perhaps none
  std::string how;                  // "import.meta.env"; the program that asked
};

// What a deploy does about a name.
struct Supply {
  SupplyState state = SupplyState::kAbsent;
  SourcePlace place;    // of the line that supplies it, or ought to
  std::string because;  // of an empty one: "vars.X is not defined"
};

// A build without a name.
struct Lacking {
  Outcome build;
  std::optional<PageEffect> page;
};

struct OldName {
  std::string name;
  SourcePlace place;
};

struct CheckRow {
  std::string name;  // of a variable; "build", "page" or "dev"
  RowState state = RowState::kOk;
  std::vector<Problem> problems;
  std::optional<WantedBy> wanted;  // none: the row is of no variable
  std::optional<Supply> supply;    // none: nothing was asked
  // None: not tried.
  std::optional<Lacking> unset;
  std::optional<Lacking> empty;
  std::optional<RuntimeName> start;
  std::optional<OldName> old_name;  // supplied, and nobody asks for it: what it was called before?
  std::optional<PageEffect> page;   // of the row "page"
  std::string purpose;              // "why" of the contract
  std::string said;                 // of the rows "build" and "dev": what they print
  std::string command;              // of the row "dev"

  bool has(Problem problem) const;
};

// A name that is supplied, and that nobody asks for.
struct IdleName {
  std::string name;
  SourcePlace place;
};

struct CheckReport {
  model::VerdictKind verdict = model::VerdictKind::kPass;
  std::vector<CheckRow> rows;      // the worst first, by name among equals
  std::vector<IdleName> idle;      // but for those that a row takes for an old name
  std::vector<BlindSpot> blind;    // of reading the source
  std::vector<std::string> notes;  // of the whole: what could not be seen, what was not tried
  std::string contract_file;
  std::string deploy_file;
  int problems = 0;  // rows that fail
};

CheckReport judge_check(const CheckFacts& facts);

// Every name that somebody has to think about: the contract's, what the source needs, and what the
// real build asked for although no source that can be read names it.
std::set<std::string> names_in_question(const CheckFacts& facts);

// Whether a build that passes takes no notice: it need not put out the same.
inline bool goes_unnoticed(const std::optional<Lacking>& lacking) {
  return lacking && lacking->build.passes;
}

}  // namespace relapse::env
