#pragma once
// The one seam between the questions about environment variables and the worlds that answer them:
// commands go in, what became of them comes out. Everything above it is tested without a world.

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/observation.h"
#include "model/plan.h"
#include "model/world_spec.h"

namespace relapse::env {

// One command, in a world of its own. The folder is shown at its own path as a writable copy; what
// is written there goes with the world, unless it is collected.
struct WorldCommand {
  std::string label;  // for progress: "build without VITE_API_URL"
  std::vector<std::string> argv;
  std::string folder;                      // of the host, absolute
  std::map<std::string, std::string> env;  // the whole environment; PATH is added when missing
  std::vector<model::WorldMount> mounts;   // besides the folder
  std::vector<model::WorldFile> files;
  std::vector<model::Collect> collect;
  nlohmann::json fakes = nlohmann::json::object();  // as in a scenario
  std::vector<std::string> secrets;                 // values that nothing may show
  double deadline_ms = 600'000;
  // Asked when its turn has come; none: always. A command that is no longer wanted is not begun,
  // and its observation says kInterrupted.
  std::function<bool()> still_wanted;
};

struct RunnerProgress {
  std::function<void(int more)> expected;
  std::function<void(int id, const std::string& label)> started;
  std::function<void(int id)> finished;
  std::function<void()> tick;
};

class CommandRunner {
 public:
  virtual ~CommandRunner() = default;

  // Runs them all, `jobs` at a time, in their order. The observations stand in the commands'
  // order. An error is of the host: no world could be made at all.
  virtual model::Result<std::vector<model::Observation>> run(
      const std::vector<WorldCommand>& commands, int jobs) = 0;

  // The number of the signal that interrupted; 0: none.
  virtual int interrupted() const = 0;
};

}  // namespace relapse::env
