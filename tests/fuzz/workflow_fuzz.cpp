// What people write about environment variables: workflows, actions, expressions, contracts,
// values, .env files and sources of every language. Any text is read or refused with a reason.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "contract/contract.h"
#include "supplied/expression.h"
#include "supplied/recorder.h"
#include "supplied/supplied.h"
#include "supplied/workflow.h"
#include "wanted/env_file.h"
#include "wanted/scan.h"

namespace {

void require(bool holds, const char* what) {
  if (!holds) {
    std::cerr << "does not hold: " << what << "\n";
    std::abort();
  }
}

template <typename T>
bool refused_well(const relapse::model::Result<T>& result) {
  return result.ok() || !result.error().message.empty();
}

void read_expressions(const std::string& text) {
  using namespace relapse::env;
  const ExpressionScope scope = {{{"vars", {{"A", "a"}, {"LIST", {1, 2}}}}}};
  require(refused_well(evaluate(text, scope)), "an expression is refused with a reason");
  require(refused_well(interpolate(text, scope)), "a text is refused with a reason");
  require(refused_well(evaluate_condition(text, scope)), "a condition is refused with a reason");
}

void scan_everything(const std::string& text) {
  for (const char* file :
       {"a.tsx", "a.ts", "a.vue", "a.svelte", "a.html", "a.rs", "a.c", "a.py", "a.go", "a.sh",
        "Dockerfile", "compose.yaml", "Makefile", "CMakeLists.txt", "action.yml", "package.json"}) {
    const auto found = relapse::env::scan_text(file, text);
    for (const auto& one : found.found) {
      require(!one.name.empty() && one.place.line > 0, "what is found has a name and a line");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace relapse::env;
  const std::string text(reinterpret_cast<const char*>(data), size);
  require(refused_well(parse_workflow(text, "w.yml")), "a workflow is refused with a reason");
  require(refused_well(parse_action(text, "action.yml")), "an action is refused with a reason");
  require(refused_well(parse_contract(text, "/nowhere/relapse.env.json")),
          "a contract is refused with a reason");
  require(refused_well(parse_values(text, "v.json")), "values are refused with a reason");
  require(refused_well(parse_env_text(text, ".env")), "a .env file is refused with a reason");
  parse_github_file(text);
  parse_step_end(text);
  read_expressions(text);
  scan_everything(text);
  return 0;
}
