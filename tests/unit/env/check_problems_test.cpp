// Every problem that a check can name: a case which has it, and one close by which has not.
#include <functional>

#include "catch.h"
#include "contract/check_judge.h"
#include "contract/check_words.h"

using namespace relapse::env;

namespace {

constexpr const char* kProblemName = "API_URL";

// All is well with its one name: required, wanted, supplied, and the build refuses without it.
struct ProblemProject {
  Contract contract;
  CheckFacts facts;

  ProblemProject() {
    contract.file = "/p/relapse.env.json";
    contract.deploy.emplace().workflow = "/p/deploy.yml";
    contract.names[kProblemName] = {};
    want(kProblemName);
    facts.contract = &contract;
    facts.supplied.emplace().calls.push_back({"vercel", "Deploy", "", "/p/deploy.yml", 31});
    supply(kProblemName, SupplyState::kSet);
    facts.knockout.emplace().reference.passes = true;
    build(kProblemName, Effect::kLoud, Effect::kLoud);
  }

  void want(const std::string& name) {
    ScannedName scanned;
    scanned.name = name;
    scanned.needed = true;
    scanned.places.push_back({"src/a.ts", 3, "process.env"});
    facts.scan.names.push_back(scanned);
  }

  void supply(const std::string& name, SupplyState state) {
    auto& names = facts.supplied->names;
    std::erase_if(names, [&](const auto& one) { return one.name == name; });
    if (state != SupplyState::kAbsent) {
      names.push_back({name, state, "/p/deploy.yml", 29, "", "", "", ""});
    }
  }

  static Outcome outcome(Effect effect) {
    Outcome out;
    out.effect = effect;
    out.passes = effect == Effect::kSilent || effect == Effect::kNone;
    return out;
  }

  KnockoutName& build(const std::string& name, Effect unset, Effect empty) {
    auto& names = facts.knockout->names;
    std::erase_if(names, [&](const auto& one) { return one.name == name; });
    KnockoutName tried;
    tried.name = name;
    tried.unset = outcome(unset);
    tried.empty = outcome(empty);
    return names.emplace_back(tried);
  }

  void page_without(const std::string& name, std::optional<PageOracle> unset,
                    std::optional<PageOracle> empty) {
    const auto effect = [](std::optional<PageOracle> oracle) {
      return oracle ? PageEffect{{{*oracle, "the page is another"}}, ""} : PageEffect{};
    };
    facts.pages[name] = {effect(unset), effect(empty)};
  }

  // A second name, wanted and not in the contract.
  void unlisted(SupplyState state, Effect unset, Effect empty) {
    want("NEW_NAME");
    supply("NEW_NAME", state);
    build("NEW_NAME", unset, empty);
  }

  void start(bool refuses_unset, bool refuses_empty) {
    facts.knockout.reset();
    facts.runtime.push_back({kProblemName, {refuses_unset, true, ""}, {refuses_empty, true, ""}});
  }
};

struct Case {
  Problem problem;
  std::string row;
  RowState state;
  std::function<void(ProblemProject&)> wrong;
  std::function<void(ProblemProject&)> close_by;
};

const std::vector<Case>& supply_cases() {
  static const std::vector<Case> cases = {
      {Problem::kNotSupplied, kProblemName, RowState::kFail,
       [](ProblemProject& p) { p.supply(kProblemName, SupplyState::kAbsent); },
       [](ProblemProject& p) {
         p.supply(kProblemName, SupplyState::kAbsent);
         p.contract.names[kProblemName].need = Need::kOptional;
       }},
      {Problem::kSuppliedEmpty, kProblemName, RowState::kFail,
       [](ProblemProject& p) { p.supply(kProblemName, SupplyState::kEmpty); },
       [](ProblemProject& p) { p.supply(kProblemName, SupplyState::kAbsent); }},
      {Problem::kOptionalMissing, kProblemName, RowState::kFail,
       [](ProblemProject& p) {
         p.contract.names[kProblemName].need = Need::kOptional;
         p.supply(kProblemName, SupplyState::kAbsent);
       },
       [](ProblemProject& p) {
         p.contract.names[kProblemName].need = Need::kOptional;
         p.supply(kProblemName, SupplyState::kAbsent);
         p.build(kProblemName, Effect::kSilent, Effect::kLoud);
       }},
      {Problem::kOptionalNeeded, kProblemName, RowState::kWarning,
       [](ProblemProject& p) { p.contract.names[kProblemName].need = Need::kOptional; },
       [](ProblemProject& p) {
         p.contract.names[kProblemName].need = Need::kOptional;
         p.build(kProblemName, Effect::kNone, Effect::kLoud);
       }},
  };
  return cases;
}

const std::vector<Case>& build_cases() {
  static const std::vector<Case> cases = {
      {Problem::kUnnoticed, kProblemName, RowState::kFail,
       [](ProblemProject& p) { p.build(kProblemName, Effect::kLoud, Effect::kSilent); },
       [](ProblemProject& p) { p.build(kProblemName, Effect::kLoud, Effect::kObscure); }},
      // That it passes is enough: what it puts out may vary by itself.
      {Problem::kUnnoticed, kProblemName, RowState::kFail,
       [](ProblemProject& p) {
         p.build(kProblemName, Effect::kUndecidable, Effect::kLoud).unset.passes = true;
       },
       [](ProblemProject& p) { p.build(kProblemName, Effect::kUndecidable, Effect::kLoud); }},
      {Problem::kNotTried, kProblemName, RowState::kInconclusive,
       [](ProblemProject& p) { p.facts.knockout->names.clear(); },
       [](ProblemProject& p) { p.facts.knockout.reset(); }},
      {Problem::kNotTried, kProblemName, RowState::kInconclusive,
       [](ProblemProject& p) { p.build(kProblemName, Effect::kLoud, Effect::kNotTried); },
       [](ProblemProject& p) { p.build(kProblemName, Effect::kSilent, Effect::kNotTried); }},
      {Problem::kUnknown, kProblemName, RowState::kInconclusive,
       [](ProblemProject& p) { p.build(kProblemName, Effect::kTimeout, Effect::kLoud); },
       [](ProblemProject& p) { p.build(kProblemName, Effect::kObscure, Effect::kLoud); }},
      {Problem::kSecretShipped, kProblemName, RowState::kFail,
       [](ProblemProject& p) {
         p.contract.names[kProblemName].secret = true;
         p.build(kProblemName, Effect::kLoud, Effect::kLoud).reaches_output = true;
       },
       [](ProblemProject& p) {
         p.build(kProblemName, Effect::kLoud, Effect::kLoud).reaches_output = true;
       }},
      {Problem::kBuildFails, "build", RowState::kFail,
       [](ProblemProject& p) { p.facts.knockout->reference.passes = false; },
       [](ProblemProject& p) {
         p.facts.knockout->reference.passes = false;
         p.supply(kProblemName, SupplyState::kAbsent);  // which is why
       }},
  };
  return cases;
}

const std::vector<Case>& unlisted_cases() {
  static const std::vector<Case> cases = {
      {Problem::kUnlistedHarm, "NEW_NAME", RowState::kFail,
       [](ProblemProject& p) {
         p.unlisted(SupplyState::kAbsent, Effect::kSilent, Effect::kSilent);
       },
       [](ProblemProject& p) { p.unlisted(SupplyState::kSet, Effect::kSilent, Effect::kSilent); }},
      {Problem::kUnlistedHarm, "NEW_NAME", RowState::kFail,
       [](ProblemProject& p) {
         p.unlisted(SupplyState::kAbsent, Effect::kSilent, Effect::kSilent);
         p.page_without("NEW_NAME", PageOracle::kException, std::nullopt);
       },
       [](ProblemProject& p) {
         p.unlisted(SupplyState::kAbsent, Effect::kSilent, Effect::kSilent);
         p.page_without("NEW_NAME", std::nullopt, PageOracle::kException);
       }},
      // What the deploy does today counts: it gives the name, with nothing in it.
      {Problem::kUnlistedHarm, "NEW_NAME", RowState::kFail,
       [](ProblemProject& p) { p.unlisted(SupplyState::kEmpty, Effect::kNone, Effect::kSilent); },
       [](ProblemProject& p) { p.unlisted(SupplyState::kAbsent, Effect::kNone, Effect::kSilent); }},
      {Problem::kUnlistedMissing, "NEW_NAME", RowState::kFail,
       [](ProblemProject& p) { p.unlisted(SupplyState::kAbsent, Effect::kLoud, Effect::kLoud); },
       [](ProblemProject& p) { p.unlisted(SupplyState::kSet, Effect::kLoud, Effect::kLoud); }},
      {Problem::kUnlisted, "NEW_NAME", RowState::kWarning,
       [](ProblemProject& p) { p.unlisted(SupplyState::kAbsent, Effect::kNone, Effect::kNone); },
       [](ProblemProject& p) {
         p.unlisted(SupplyState::kAbsent, Effect::kNone, Effect::kNone);
         p.contract.names["NEW_NAME"].need = Need::kOptional;
       }},
      {Problem::kUnlisted, "NEW_NAME", RowState::kFail,
       [](ProblemProject& p) {
         p.unlisted(SupplyState::kSet, Effect::kNone, Effect::kNone);
         p.facts.strict = true;
       },
       [](ProblemProject& p) {
         p.facts.strict = true;
         p.facts.scan.names.front().places.push_back({"src/b.ts", 1, "process.env"});
       }},
      // Seen in the real build alone.
      {Problem::kUnlisted, "SEEN_NAME", RowState::kWarning,
       [](ProblemProject& p) {
         p.facts.observed.push_back({"SEEN_NAME", "process.env", "a.mjs", 2, ""});
       },
       [](ProblemProject& p) {
         p.facts.observed.push_back({"HOME", "process.env", "a.mjs", 2, ""});
       }},
  };
  return cases;
}

const std::vector<Case>& whole_cases() {
  static const std::vector<Case> cases = {
      {Problem::kStarts, kProblemName, RowState::kFail,
       [](ProblemProject& p) { p.start(true, false); },
       [](ProblemProject& p) { p.start(true, true); }},
      {Problem::kPageFails, "page", RowState::kFail,
       [](ProblemProject& p) {
         p.facts.reference_page = PageEffect{{{PageOracle::kMark, "it is not ready"}}, ""};
       },
       [](ProblemProject& p) { p.facts.reference_page = PageEffect{}; }},
      {Problem::kDevFails, "dev", RowState::kFail,
       [](ProblemProject& p) {
         p.facts.dev = DevOutcome{false, "Missing API_URL"};
       },
       [](ProblemProject& p) {
         p.facts.dev = DevOutcome{true, "ready"};
       }},
  };
  return cases;
}

const CheckRow* problem_row(const CheckReport& report, const std::string& name) {
  for (const auto& one : report.rows) {
    if (one.name == name) {
      return &one;
    }
  }
  return nullptr;
}

}  // namespace

TEST_CASE("every problem is found where it is, and not close by", "[check]") {
  std::vector<Case> cases;
  for (const auto* some : {&supply_cases(), &build_cases(), &unlisted_cases(), &whole_cases()}) {
    cases.insert(cases.end(), some->begin(), some->end());
  }
  std::set<Problem> met;
  for (const auto& one : cases) {
    CAPTURE(to_word(one.problem), one.row);
    ProblemProject wrong;
    one.wrong(wrong);
    const auto report = judge_check(wrong.facts);
    const auto* found = problem_row(report, one.row);
    REQUIRE(found != nullptr);
    CHECK(found->has(one.problem));
    CHECK(found->state == one.state);
    CHECK_FALSE(reason_of(*found).empty());
    CHECK_FALSE(sentence_of(*found).empty());
    CHECK((report.problems > 0) == (one.state == RowState::kFail));
    met.insert(one.problem);

    ProblemProject close_by;
    one.close_by(close_by);
    const auto other = judge_check(close_by.facts);
    const auto* same = problem_row(other, one.row);
    CHECK((same == nullptr || !same->has(one.problem)));
  }
  for (int i = 0; i <= static_cast<int>(Problem::kDevFails); ++i) {
    CAPTURE(to_word(static_cast<Problem>(i)));
    CHECK(met.contains(static_cast<Problem>(i)));
  }
}

TEST_CASE("a project without a problem passes", "[check]") {
  const ProblemProject project;
  const auto report = judge_check(project.facts);
  CHECK(report.verdict == relapse::model::VerdictKind::kPass);
  CHECK(report.rows.size() == 1);
  CHECK(report.rows.front().problems.empty());
}

TEST_CASE("a name that is read and observed is said with its source's place", "[check]") {
  ProblemProject project;
  project.facts.observed.push_back({kProblemName, "process.env", "build/tool.mjs", 9, ""});
  CHECK(wanted_words(judge_check(project.facts).rows.front()) == "src/a.ts:3");
  project.facts.scan.names.clear();
  const auto seen = judge_check(project.facts).rows.front();
  CHECK(wanted_words(seen) == "build/tool.mjs:9 (seen in the build)");
  CHECK(wanted_source(seen) == "build");
  project.facts.observed = {{kProblemName, "getenv", "", 0, "generator"}};
  CHECK(wanted_words(judge_check(project.facts).rows.front()) == "generator (seen in the build)");
  project.facts.observed.clear();
  CHECK(wanted_words(judge_check(project.facts).rows.front()).empty());
}

TEST_CASE("a name that the build asked for is not idle", "[check]") {
  ProblemProject project;
  project.supply("TOOL_SETTING", SupplyState::kSet);
  REQUIRE(judge_check(project.facts).idle.size() == 1);
  project.facts.observed.push_back({"TOOL_SETTING", "getenv", "", 0, "tool"});
  CHECK(judge_check(project.facts).idle.empty());
}

TEST_CASE("one row may have two problems, and only silence is called silent", "[check]") {
  ProblemProject project;
  project.contract.names[kProblemName].secret = true;
  project.build(kProblemName, Effect::kSilent, Effect::kSilent).reaches_output = true;
  const auto report = judge_check(project.facts);
  CHECK(report.rows.front().problems == std::vector{Problem::kUnnoticed, Problem::kSecretShipped});
  CHECK(state_words(report.rows.front()) == "FAIL (silent)");
  CHECK(remedies_of(report).size() == 2);
  project.build(kProblemName, Effect::kLoud, Effect::kLoud).reaches_output = true;
  CHECK(state_words(judge_check(project.facts).rows.front()) == "FAIL");
}
