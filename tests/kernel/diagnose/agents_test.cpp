// The real agents: the one that hung, and the one that waits three seconds.

#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "trial.h"

using relapse::model::Cause;
using relapse::model::Movement;
using relapse::test::run_trials;
using relapse::test::TrialPlan;

namespace {

const std::string kSource = RELAPSE_SOURCE_DIR;
const std::string kAgents = kSource + "/fixtures/agents/node_modules/";

TrialPlan agent_plan(const std::string& mode, const std::vector<std::string>& agent) {
  TrialPlan plan;
  plan.command = {"node", kSource + "/tests/kernel/diagnose/subjects/agent_runner.mjs", mode};
  plan.command.insert(plan.command.end(), agent.begin(), agent.end());
  plan.command.insert(plan.command.end(), {"--print", "hello"});
  plan.limit_s = 40;
  return plan;
}

}  // namespace

TEST_CASE("real agents: hang, penalty and fine are told apart") {
  const std::vector<std::string> old = {"node", kAgents + "claude-code-2.1.12/cli.js"};
  const std::vector<std::string> current = {kAgents + "@anthropic-ai/claude-code-linux-x64/claude"};
  if (!std::filesystem::exists(old[1]) || !std::filesystem::exists(current[0])) {
    if (std::getenv("RELAPSE_MUST_WORK") != nullptr) {
      FAIL("the agents are not installed: npm ci in fixtures/agents");
    }
    WARN("skipped: the agents are not installed");
    return;
  }
  auto results =
      run_trials({agent_plan("open", old), agent_plan("open", current), agent_plan("line", current),
                  agent_plan("ignore", old), agent_plan("ignore", current)},
                 2);
  const auto& hung = results[0].diagnosis;
  INFO(hung.sentence << " after " << results[0].seconds << " s");
  CHECK(hung.verdict == Movement::kHang);
  CHECK(hung.cause == Cause::kStdinOpen);
  CHECK(hung.process->name == "claude");
  CHECK(hung.peer->host_pid == results[0].host_pid);
  CHECK(hung.quiet_ms < 7000);
  CHECK(hung.analysis_ms < 1000);

  CHECK(results[1].diagnosis.verdict == Movement::kEnded);
  double longest_ms = 0;
  for (const auto& stall : results[1].stalls) {
    CHECK(to_word(stall.cause) == "stdin-open");
    longest_ms = std::max(longest_ms, stall.duration_ms);
  }
  CHECK(longest_ms > 1000);
  CHECK(longest_ms < 4000);

  const auto& half_cured = results[2].diagnosis;
  INFO(half_cured.sentence);
  CHECK(half_cured.verdict == Movement::kHang);
  CHECK(half_cured.cause == Cause::kStdinOpen);
  CHECK(half_cured.peer_wrote_bytes == 5U);

  CHECK(results[3].diagnosis.verdict == Movement::kEnded);
  CHECK(results[4].diagnosis.verdict == Movement::kEnded);
}
