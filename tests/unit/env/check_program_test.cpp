#include "contract/check_program.h"

#include <functional>

#include "catch.h"
#include "contract/check_judge.h"

using namespace relapse;
using namespace relapse::env;
using model::Observation;
using model::TrialEnd;

namespace {

Observation ended(int code, const std::string& output = "") {
  Observation seen;
  seen.end = TrialEnd::kExited;
  seen.exit_code = code;
  seen.output_tail = output;
  return seen;
}

Observation lives_on() {
  Observation seen;
  seen.end = TrialEnd::kDeadline;
  return seen;
}

// A program as a function of its environment.
class Program : public CommandRunner {
 public:
  using Behaviour = std::function<Observation(const Environment&)>;
  explicit Program(Behaviour behaviour) : behaviour_(std::move(behaviour)) {}

  model::Result<std::vector<Observation>> run(const std::vector<WorldCommand>& commands,
                                              int) override {
    std::vector<Observation> seen;
    for (const auto& command : commands) {
      labels.push_back(command.label);
      seen.push_back(behaviour_(command.env));
    }
    return seen;
  }
  int interrupted() const override { return 0; }

  std::vector<std::string> labels;

 private:
  Behaviour behaviour_;
};

ProgramQuestion question() {
  ProgramQuestion question;
  question.argv = {"server"};
  question.base = {{"PATH", "/bin"}};
  question.complete = {{"KEY", "value"}, {"OTHER", "value"}};
  question.required = {"KEY"};
  return question;
}

RuntimeName tried(const Program::Behaviour& behaviour) {
  Program program(behaviour);
  auto names = try_program(question(), program);
  REQUIRE(names);
  REQUIRE(names->size() == 1);
  CHECK(program.labels.size() == 3);
  return names->front();
}

bool has(const Environment& env, const std::string& name) {
  return env.contains(name) && !env.at(name).empty();
}

}  // namespace

TEST_CASE("a program that refuses without a variable, and says which", "[program]") {
  const auto key = tried([](const Environment& env) {
    CHECK(has(env, "OTHER"));
    return has(env, "KEY") ? lives_on() : ended(1, "Error: KEY is not set\n");
  });
  CHECK(key.name == "KEY");
  CHECK((key.unset.refuses && key.unset.names_it && key.empty.refuses && key.empty.names_it));
  CHECK(key.unset.said == "Error: KEY is not set");
}

TEST_CASE("living on is a start, and so is an end without complaint", "[program]") {
  CHECK_FALSE(tried([](const Environment&) { return lives_on(); }).unset.refuses);
  CHECK_FALSE(tried([](const Environment&) { return ended(0); }).unset.refuses);
  // `os.environ["KEY"]` is content with an empty one.
  const auto key = tried([](const Environment& env) {
    return env.contains("KEY") ? lives_on() : ended(1, "KeyError: 'KEY'");
  });
  CHECK(key.unset.refuses);
  CHECK_FALSE(key.empty.refuses);
}

TEST_CASE("a refusal that names another variable does not name it", "[program]") {
  const auto key = tried([](const Environment& env) {
    return has(env, "KEY") ? lives_on() : ended(1, "KEY_OF_OTHERS is missing");
  });
  CHECK(key.unset.refuses);
  CHECK_FALSE(key.unset.names_it);
}

TEST_CASE("nothing is said of a program that does not start with everything", "[program]") {
  Program program([](const Environment&) { return ended(1, "Error: no database at value"); });
  const auto names = try_program(question(), program);
  REQUIRE_FALSE(names);
  CHECK(names.error().kind == model::ErrorKind::kUnavailable);
  CHECK_THAT(names.error().text(), Catch::Contains("Error: no database"));
}

TEST_CASE("development works, fails, or was not tried", "[program]") {
  const model::Redactor redactor({"planted-secret"});
  CHECK(dev_outcome(ended(0), redactor)->works);
  const auto failed = dev_outcome(ended(1, "Error: bad planted-secret"), redactor);
  CHECK_FALSE(failed->works);
  CHECK(failed->said == "Error: bad ***");
  Observation interrupted;
  interrupted.end = TrialEnd::kInterrupted;
  CHECK_FALSE(dev_outcome(interrupted, redactor).has_value());
  CHECK_FALSE(dev_outcome(lives_on(), redactor)->works);  // its own limit is longer than that
}
