#include "contract/check_judge.h"

#include "catch.h"
#include "contract/check_words.h"
#include "contract/rename.h"

using namespace relapse::env;
using relapse::model::VerdictKind;

namespace {

// A project with one required name; each case changes what it is about.
struct Project {
  Contract contract;
  CheckFacts facts;

  Project() {
    contract.file = "/p/relapse.env.json";
    contract.deploy.emplace();
    contract.deploy->workflow = "/p/.github/workflows/deploy.yml";
    contract.names["NEXT_PUBLIC_KEY_OF_AUTH"] = {};
    want("NEXT_PUBLIC_KEY_OF_AUTH", "src/auth.tsx", 7);
    facts.contract = &contract;
    facts.supplied.emplace();
    facts.supplied->calls.push_back({"vercel", "Deploy", "", "/p/action.yml", 31});
  }

  void want(const std::string& name, const std::string& file, int line) {
    ScannedName scanned;
    scanned.name = name;
    scanned.needed = true;
    scanned.places.push_back({file, line, "import.meta.env", Role::kRead});
    facts.scan.names.push_back(scanned);
  }

  void supply(const std::string& name, SupplyState state, int line) {
    SuppliedName supplied;
    supplied.name = name;
    supplied.state = state;
    supplied.file = "/p/deploy.yml";
    supplied.line = line;
    facts.supplied->names.push_back(supplied);
  }

  static Outcome outcome(Effect effect) {
    Outcome out;
    out.effect = effect;
    out.passes = effect == Effect::kSilent || effect == Effect::kNone;
    return out;
  }

  KnockoutName& try_without(const std::string& name, Effect unset, Effect empty) {
    if (!facts.knockout) {
      facts.knockout.emplace();
      facts.knockout->reference.passes = true;
    }
    KnockoutName tried;
    tried.name = name;
    tried.unset = outcome(unset);
    tried.empty = outcome(empty);
    facts.knockout->names.push_back(tried);
    return facts.knockout->names.back();
  }
};

const CheckRow& row(const CheckReport& report, const std::string& name) {
  for (const auto& one : report.rows) {
    if (one.name == name) {
      return one;
    }
  }
  FAIL("no row for " << name);
  return report.rows.front();
}

bool mentions(const std::vector<std::string>& texts, const std::string& words) {
  for (const auto& text : texts) {
    if (text.find(words) != std::string::npos) {
      return true;
    }
  }
  return false;
}

constexpr const char* kName = "NEXT_PUBLIC_KEY_OF_AUTH";

}  // namespace

TEST_CASE("a required name that the deploy supplies under its old name fails, and both are named") {
  Project project;
  project.supply("VITE_KEY_OF_AUTH", SupplyState::kSet, 29);
  project.try_without(kName, Effect::kSilent, Effect::kSilent);
  const PageEffect broken = {{{PageOracle::kException, "it threw: Missing key"}}, ""};
  project.facts.pages[kName] = {broken, broken};
  const auto report = judge_check(project.facts);
  const auto& missing = row(report, kName);
  CHECK(report.verdict == VerdictKind::kFail);
  CHECK(missing.problems == std::vector{Problem::kNotSupplied});
  CHECK(wanted_words(missing) == "src/auth.tsx:7");
  CHECK(supply_words(missing, report.deploy_file) == "not supplied by deploy.yml");
  CHECK(without_words(missing) == "build passes, page broken");
  CHECK(mentions(notes_of(missing), "VITE_KEY_OF_AUTH is supplied (deploy.yml:29)"));
  CHECK(mentions(remedies_of(report), "deploy.yml:29"));
  CHECK(report.idle.empty());
}

TEST_CASE("empty is not supplied") {
  Project project;
  project.supply(kName, SupplyState::kEmpty, 29);
  const auto report = judge_check(project.facts);
  CHECK(report.verdict == VerdictKind::kFail);
  CHECK(supply_words(row(report, kName), "") == "empty in deploy.yml:29");
}

TEST_CASE("a required name passes when it is supplied and the build refuses without it") {
  Project project;
  project.supply(kName, SupplyState::kSet, 29);
  project.try_without(kName, Effect::kLoud, Effect::kLoud);
  const auto report = judge_check(project.facts);
  CHECK(report.verdict == VerdictKind::kPass);
  CHECK(report.problems == 0);
}

TEST_CASE("a build that does not notice fails, be it unset or empty only") {
  for (const auto& [unset, empty] :
       {std::pair(Effect::kSilent, Effect::kLoud), std::pair(Effect::kLoud, Effect::kSilent),
        std::pair(Effect::kNone, Effect::kNone)}) {
    Project project;
    project.supply(kName, SupplyState::kSet, 29);
    project.try_without(kName, unset, empty);
    CHECK(judge_check(project.facts).verdict == VerdictKind::kFail);
  }
}

TEST_CASE("what could not be decided is not green") {
  Project project;
  project.supply(kName, SupplyState::kSet, 29);
  project.try_without(kName, Effect::kUndecidable, Effect::kLoud);
  CHECK(judge_check(project.facts).verdict == VerdictKind::kInconclusive);
  project.facts.knockout->names.clear();
  CHECK(judge_check(project.facts).verdict == VerdictKind::kInconclusive);
}

TEST_CASE("a deploy in which nothing was built or deployed says nothing") {
  Project project;
  project.supply(kName, SupplyState::kSet, 29);
  project.facts.supplied->calls.clear();
  CHECK(judge_check(project.facts).verdict == VerdictKind::kInconclusive);
}

TEST_CASE("a name that is wanted and not in the contract: a warning, strictly a failure") {
  Project project;
  project.supply(kName, SupplyState::kSet, 29);
  project.want("VITE_NEW", "src/new.ts", 3);
  CHECK(judge_check(project.facts).verdict == VerdictKind::kPass);
  CHECK(row(judge_check(project.facts), "VITE_NEW").state == RowState::kWarning);
  project.facts.strict = true;
  CHECK(judge_check(project.facts).verdict == VerdictKind::kFail);
}

TEST_CASE("a secret that reaches what is shipped fails") {
  Project project;
  project.contract.names["TOKEN"] = {Need::kOptional, true, "", "", 0};
  project.supply(kName, SupplyState::kSet, 29);
  project.try_without(kName, Effect::kLoud, Effect::kLoud);
  project.try_without("TOKEN", Effect::kSilent, Effect::kSilent);
  CHECK(judge_check(project.facts).verdict == VerdictKind::kPass);
  project.facts.knockout->names.back().reaches_output = true;
  CHECK(row(judge_check(project.facts), "TOKEN").state == RowState::kFail);
}

TEST_CASE("development that no longer starts fails, and a page that never worked does") {
  Project project;
  project.supply(kName, SupplyState::kSet, 29);
  project.facts.dev = DevOutcome{false, "Missing NEXT_PUBLIC_KEY_OF_AUTH"};
  CHECK(row(judge_check(project.facts), "dev").state == RowState::kFail);
  project.facts.dev.reset();
  project.facts.reference_page.emplace();
  project.facts.reference_page->findings.push_back({PageOracle::kMark, "it is not ready"});
  CHECK(row(judge_check(project.facts), "page").state == RowState::kFail);
}

TEST_CASE("an old name is recognised behind another prefix, and not where words differ") {
  CHECK(probable_rename("NEXT_PUBLIC_CLERK_KEY", {"SENTRY_DSN", "VITE_CLERK_KEY"}, {}) ==
        "VITE_CLERK_KEY");
  CHECK(probable_rename("MY_CLERK_KEY", {"OUR_CLERK_KEY"}, {"MY_", "OUR_"}) == "OUR_CLERK_KEY");
  CHECK(probable_rename("DATABASE_URL", {"SENTRY_AUTH_TOKEN"}, {}).empty());
}
