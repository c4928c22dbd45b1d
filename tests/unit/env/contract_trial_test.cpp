#include "contract/contract_trial.h"

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "os/scratch_folder.h"

using namespace relapse;
using env::ContractPart;
using env::ContractQuestion;
using env::ContractTrial;
using env::WorldCommand;
using model::Observation;
using model::VerdictKind;
using nlohmann::json;

namespace {

namespace fs = std::filesystem;

const std::set<ContractPart> kAll = {ContractPart::kSupplied, ContractPart::kPage,
                                     ContractPart::kGuard, ContractPart::kDev};

// A project whose build puts the value of KEY into its page, and whose page throws without one.
class TrialProject {
 public:
  TrialProject() : scratch_(*os::ScratchFolder::make()) {
    question.label = "project";
    question.folder = scratch_.path();
    question.contract.folder = scratch_.path();
    question.contract.build = env::ContractBuild{"build", {"dist"}, 10'000};
    question.contract.page.emplace();
    question.contract.dev = env::ContractDev{"dev", "ready", 1'000};
    question.contract.names["KEY"].sample = "good";
    question.tools = {"/driver", "node", "/usr/bin/chromium"};
    question.scratch = scratch_.path();
    env::ScannedName key;
    key.name = "KEY";
    key.needed = true;
    key.places.push_back({"src/a.ts", 1, "process.env"});
    question.scan.names = {key};
    supply("good");
  }

  void supply(const std::optional<std::string>& value) {
    question.supplied = {};
    question.supplied.calls.push_back({"tool", "deploy", "", "deploy.yml", 3});
    if (value) {
      env::SuppliedName key;
      key.name = "KEY";
      key.state = value->empty() ? env::SupplyState::kEmpty : env::SupplyState::kSet;
      key.file = "deploy.yml";
      key.line = 3;
      key.value = *value;
      question.supplied.names.push_back(key);
    }
  }

  // Under a name that nobody asks for.
  void supply_as(const std::string& name) {
    question.supplied.names.push_back(
        {name, env::SupplyState::kSet, "deploy.yml", 3, "", "", "", "good"});
  }

  ContractTrial run(const std::set<ContractPart>& parts = kAll) {
    ContractTrial trial(question, parts);
    for (auto commands = trial.next(); !commands.empty(); commands = trial.next()) {
      std::vector<Observation> seen;
      for (const auto& command : commands) {
        labels.push_back(command.label);
        seen.push_back(answer(command));
      }
      trial.take(seen);
    }
    return trial;
  }

  ContractQuestion question;
  bool guarded = true;
  bool dev_starts = true;
  std::vector<std::string> labels;

 private:
  static Observation ended(int code, const std::string& output) {
    Observation seen;
    seen.end = model::TrialEnd::kExited;
    seen.exit_code = code;
    seen.output_tail = output;
    return seen;
  }

  Observation answer(const WorldCommand& command) {
    if (command.label == "project · page") {
      return look(command);
    }
    if (command.label == "project · dev") {
      CHECK_FALSE(command.env.contains("KEY"));
      return ended(dev_starts ? 0 : 1, dev_starts ? "ready" : "Error: KEY is missing");
    }
    const auto key = command.env.find("KEY");
    const std::string value = key == command.env.end() ? "" : key->second;
    if (guarded && value.empty()) {
      return ended(1, "Error: KEY is missing");
    }
    const std::string& copy = command.collect.at(0).copy_to;
    fs::create_directories(copy);
    std::ofstream(copy + "/index.html") << value;
    return ended(0, "built");
  }

  static Observation look(const WorldCommand& command) {
    const json job = json::parse(command.files.at(0).content);
    const std::string& out = command.collect.at(0).copy_to;
    fs::create_directories(out);
    for (const auto& page : job["pages"]) {
      const std::string url = page["url"];
      const std::string label = url.substr(7, url.find('.') - 7);
      std::ifstream file(command.fakes["site"]["folders"][label].get<std::string>() +
                         "/index.html");
      std::string value;
      std::getline(file, value);
      json seen = {{"name", page["name"]},
                   {"url", url},
                   {"status", 200},
                   {"text", {"page"}},
                   {"marks", json::object()},
                   {"exceptions", json::array()},
                   {"requests", json::array()},
                   {"console_errors", json::array()},
                   {"duration_ms", 1}};
      if (value != "good") {
        seen["exceptions"].push_back({{"message", "bad KEY '" + value + "'"}, {"stack", ""}});
      }
      std::ofstream(out + "/" + page["name"].get<std::string>() + ".json") << seen.dump();
    }
    return ended(0, "");
  }

  os::ScratchFolder scratch_;
};

void check_end(const ContractTrial& trial, ContractPart part, VerdictKind kind,
               const std::string& reason) {
  const auto end = trial.end_of(part);
  CHECK(end.verdict.kind == kind);
  CHECK(end.verdict.reason == reason);
}

}  // namespace

TEST_CASE("a contract that is kept passes in every part", "[contract]") {
  TrialProject project;
  auto trial = project.run();
  for (auto part : kAll) {
    check_end(trial, part, VerdictKind::kPass, "");
  }
  CHECK(project.labels.size() == 5);  // one build, two without KEY, dev, page
}

TEST_CASE("a name that is not supplied is told with what comes of it", "[contract]") {
  TrialProject project;
  project.guarded = false;
  project.supply(std::nullopt);
  project.supply_as("VITE_KEY");
  check_end(project.run(), ContractPart::kSupplied, VerdictKind::kFail,
            "KEY, wanted by src/a.ts:1, is not supplied by deploy.yml:3; VITE_KEY is supplied and "
            "nothing reads it: renamed?; without it the build passes, and the page throws: bad KEY "
            "''");
  project.supply("");
  project.question.supplied.names[0].because = "vars.KEY is not defined";
  check_end(project.run(), ContractPart::kSupplied, VerdictKind::kFail,
            "KEY, wanted by src/a.ts:1, is supplied empty by deploy.yml:3 (vars.KEY is not "
            "defined); without it the build passes, and the page throws: bad KEY ''");
  project.guarded = true;
  CHECK_THAT(project.run().end_of(ContractPart::kSupplied).verdict.reason,
             Catch::EndsWith("without it the build fails: Error: KEY is missing"));
}

TEST_CASE("a value with which the page does not work fails at the page", "[contract]") {
  TrialProject project;
  project.supply("malformed");
  auto trial = project.run();
  check_end(trial, ContractPart::kSupplied, VerdictKind::kPass, "");
  check_end(trial, ContractPart::kPage, VerdictKind::kFail, "the page throws: bad KEY 'malformed'");
}

TEST_CASE("a build that does not notice what is missing fails at the guard", "[contract]") {
  TrialProject project;
  project.guarded = false;
  auto trial = project.run();
  check_end(trial, ContractPart::kPage, VerdictKind::kPass, "");
  check_end(trial, ContractPart::kGuard, VerdictKind::kFail,
            "the build does not notice a missing KEY, wanted by src/a.ts:1; without it the build "
            "passes, and the page throws: bad KEY ''");
}

TEST_CASE("a guard that stops development is named by dev", "[contract]") {
  TrialProject project;
  project.dev_starts = false;
  auto trial = project.run();
  check_end(trial, ContractPart::kGuard, VerdictKind::kPass, "");
  check_end(trial, ContractPart::kDev, VerdictKind::kFail,
            "dev does not start (dev): Error: KEY is missing");
}

TEST_CASE("what was not asked for is not tried", "[contract]") {
  TrialProject project;
  project.run({ContractPart::kSupplied});
  CHECK(project.labels.size() == 2);  // the build and its page
  project.question.contract.dev.reset();
  CHECK(project.run().end_of(ContractPart::kDev).verdict.kind == VerdictKind::kInconclusive);
}
