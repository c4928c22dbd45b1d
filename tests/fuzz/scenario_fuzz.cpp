// Any text as a scenario file: it is refused with a sentence and a place, or it is a scenario whose
// parts stand in order. A broken promise ends the program.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "scenario/scenario_file.h"

namespace {

void require(bool promise, std::string_view what) {
  if (!promise) {
    std::cerr << "broken: " << what << "\n";
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto scenario = relapse::run::parse_scenario(text, "input");
  if (!scenario) {
    require(!scenario.error().message.empty(), "a refusal says why");
    require(scenario.error().file == "input", "a refusal names the file");
    return 0;
  }
  require(!scenario->id.empty(), "a scenario has an id");
  for (const auto& variant : scenario->variants) {
    for (const auto& [role, choice] : variant.use) {
      const auto found = scenario->roles.find(role);
      require(found != scenario->roles.end(), "a variant uses roles that are there");
      require(found->second.choices.contains(choice), "and choices that they have");
    }
  }
  for (const auto& one : scenario->calibration) {
    for (const auto& [role, choice] : one.use) {
      const auto found = scenario->roles.find(role);
      require(found != scenario->roles.end() && found->second.choices.contains(choice),
              "a calibration case uses what is there");
    }
  }
  return 0;
}
