#pragma once
// What a build is given: the facts that recorded calls of deploying tools hold. Values are looked
// at, and only what kind they are goes on.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace relapse::env {

// In the order of how good they are: the worse of two is the smaller.
enum class SupplyState { kAbsent, kEmpty, kSet };

// The word that stands in JSON: "absent", "empty", "set".
std::string_view to_word(SupplyState state);

// A value that a call gives to a name; nullopt: it names the name, and there is none.
using SuppliedValue = std::optional<std::string>;

inline SupplyState state_of(const SuppliedValue& value) {
  return !value ? SupplyState::kAbsent : value->empty() ? SupplyState::kEmpty : SupplyState::kSet;
}

// A process around a call.
struct CallParent {
  std::string folder;
  std::vector<std::string> argv;
};

// One call of a tool, as its stand-in wrote it down.
struct RecordedCall {
  int number = 0;
  std::vector<std::string> argv;  // [0]: the tool's name
  std::map<std::string, std::string> env;
  std::string folder;
  std::map<std::string, std::string> env_files;  // ".env.production" → its text
  std::vector<CallParent> parents;               // the nearest first
};

// What a call says about variables.
struct CallFacts {
  std::string tool;                            // behind npx, pnpm exec and the like
  bool builds = false;                         // or deploys: other calls say nothing about a build
  bool env_reaches = false;                    // the process' environment is the build's
  std::map<std::string, SuppliedValue> named;  // by --build-env, --build-arg, …
  std::string mode;  // of .env files: "production" unless --mode says otherwise
};

// `tools`: more names of deploying tools; every call of these counts.
CallFacts facts_of_call(const RecordedCall& call, const std::vector<std::string>& tools);

// Whether anything is known of a tool's calls: then one that does not build does not.
bool is_known_tool(const std::string& tool, const std::vector<std::string>& tools);

// The tools that are replaced by recorders, and how: see the table of tool_calls.cpp.
const std::vector<std::string>& deploying_tools();
const std::vector<std::string>& inert_tools();

}  // namespace relapse::env
