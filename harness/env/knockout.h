#pragma once
// What matters: the build is done again without each name, and with each name empty, and what came
// out is compared with builds that had everything. No value is kept in the answer.
//
// The builds: the same one twice, to see what varies by itself; one with a canary in every name,
// where the values themselves do not tell which names reach the output, so that the likely culprit
// is tried first; one with a made-up value for every name that nobody supplies, from which these
// are then taken one at a time; and two for every name. Where the output differs and no value of
// the name was ever in it, both sides are built once more: two may have been the same by chance.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "env/clean_copy.h"
#include "env/command_runner.h"
#include "env/knockout_judge.h"
#include "env/knockout_plan.h"

namespace relapse::env {

struct KnockoutRequest {
  std::vector<std::string> build;
  std::string folder;                     // absolute
  std::vector<model::WorldMount> mounts;  // besides the folder
  std::vector<std::string> outputs;       // absolute
  CleanCopy clean;
  Environment base;                     // what every build has: PATH, HOME, switches of tools
  Environment supplied;                 // what is tried
  std::vector<std::string> candidates;  // names that may be wanted; supplied or not
  int jobs = 1;
  std::optional<double> budget_ms;
  double deadline_ms = 600'000;  // of one build
  std::string scratch;           // an empty folder of the host, for copies of outputs
  bool keep_outputs = false;     // copies of distinct outputs stay in `scratch`
  std::function<double()> now_ms;
};

struct KnockoutName {
  std::string name;
  bool supplied = false;
  bool reaches_output = false;
  Outcome unset;
  Outcome empty;
  double seconds = 0;  // both builds
};

struct ReferenceFacts {
  bool passes = false;               // as supplied, without made-up values
  std::string said;                  // the telling line of one that does not; no value in it
  bool deterministic = false;        // the same twice
  std::vector<std::string> varying;  // paths, when it is not
  double seconds = 0;
  size_t files = 0;
  std::string output_copy;  // with keep_outputs
};

struct KnockoutReport {
  ReferenceFacts reference;
  std::vector<KnockoutName> names;  // in the order in which they were tried
  std::vector<std::string> not_tried;
  std::vector<std::string> notes;
  int builds = 0;
  double seconds = 0;
  bool interrupted = false;
};

// An error when no build passes that others could be compared with: then nothing can be said.
model::Result<KnockoutReport> run_knockout(const KnockoutRequest& request, CommandRunner& runner);

nlohmann::json to_json(const KnockoutReport& report);

}  // namespace relapse::env
