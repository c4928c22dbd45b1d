// The reports of a check of environment variables, over one project that has a bit of everything.
#include "contract/check_report.h"
#include "catch.h"
#include "golden.h"
#include "model/record.h"

using namespace relapse;
using namespace relapse::env;

namespace {

Outcome outcome(Effect effect) {
  Outcome out;
  out.effect = effect;
  out.passes = effect == Effect::kSilent || effect == Effect::kNone;
  return out;
}

class Project {
 public:
  Project() {
    contract_.file = "/p/relapse.env.json";
    contract_.deploy.emplace().workflow = "/p/.github/workflows/deploy.yml";
    contract_.dev = ContractDev{"npm run dev", "ready", 1'000};
    facts.contract = &contract_;
    facts.supplied.emplace().calls.push_back({"vercel", "Deploy", "", "deploy.yml", 40});
    facts.knockout.emplace().reference.passes = true;
    name("NEXT_PUBLIC_AUTH_KEY", "src/auth.tsx", 7, {}, Effect::kSilent, Effect::kSilent);
    contract_.names["NEXT_PUBLIC_AUTH_KEY"].why = "nobody can sign in without it";
    page("NEXT_PUBLIC_AUTH_KEY", {PageOracle::kException, "the page throws: Missing key | <b>"});
    supply("VITE_AUTH_KEY", SupplyState::kSet, 31, "");
    name("VITE_API_URL", "src/api.ts", 3, SupplyState::kSet, Effect::kSilent, Effect::kLoud);
    page("VITE_API_URL", {PageOracle::kText, "the page lacks the text 'Agents'"});
    name("EMPTY_NAME", "build.mjs", 1, SupplyState::kEmpty, Effect::kObscure, Effect::kObscure);
    name("GOOD_NAME", "build.mjs", 2, SupplyState::kSet, Effect::kLoud, Effect::kLoud);
    name("LATE_NAME", "build.mjs", 3, SupplyState::kSet, Effect::kTimeout, Effect::kLoud);
    name("TOKEN", "vite.config.ts", 9, {}, Effect::kNone, Effect::kNone);
    contract_.names["TOKEN"] = {Need::kOptional, true, "", "", 0};
    facts.observed.push_back({"SEEN_NAME", "process.env", "tools/x.mjs", 4, "node"});
    supply("SEEN_NAME", SupplyState::kSet, 33, "");
    supply("IDLE_THING", SupplyState::kSet, 34, "");
    facts.scan.blind_spots.push_back({"vite.config.ts", 11, "process.env[…]"});
    facts.dev = DevOutcome{false, "Error: missing NEXT_PUBLIC_AUTH_KEY"};
    facts.knockout->not_tried = {"LATE_NAME"};
    facts.notes = {"no browser was needed"};
  }

  CheckFacts facts;

 private:
  void supply(const std::string& name, SupplyState state, int line, const std::string& because) {
    facts.supplied->names.push_back({name, state, "deploy.yml", line, "", because, "", ""});
  }

  void name(const std::string& name, const std::string& file, int line,
            std::optional<SupplyState> state, Effect unset, Effect empty) {
    contract_.names[name] = {};
    ScannedName scanned;
    scanned.name = name;
    scanned.needed = true;
    scanned.places.push_back({file, line, "process.env"});
    facts.scan.names.push_back(scanned);
    if (state) {
      const bool lacks = *state == SupplyState::kEmpty;
      supply(name, *state, 20 + line, lacks ? "vars." + name + " is not defined" : "");
    }
    KnockoutName tried;
    tried.name = name;
    tried.unset = outcome(unset);
    tried.empty = outcome(empty);
    facts.knockout->names.push_back(tried);
  }

  void page(const std::string& name, const PageFinding& finding) {
    facts.pages[name] = {PageEffect{{finding}, "screenshots/" + name + "-unset.png"},
                         PageEffect{{finding}, "screenshots/" + name + "-empty.png"}};
  }

  Contract contract_;
};

}  // namespace

TEST_CASE("a check is told alike in every form", "[golden]") {
  const Project project;
  const auto report = judge_check(project.facts);
  CHECK(golden::difference("env_check_table", to_table(report)) == "");
  CHECK(golden::difference("env_check_markdown", to_markdown(report)) == "");
  CHECK(golden::difference("env_check_json", model::json_text(to_json(report))) == "");
}
