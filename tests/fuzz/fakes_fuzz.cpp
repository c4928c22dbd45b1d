// Any text as the fakes of a scenario: it is refused with a sentence, or every archive in it can be
// built or is refused with one, and what it says is to be extracted stays inside the folder.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "fakes/archive.h"
#include "fakes/fake_set.h"

namespace {

// What a description of some bytes may ask for, so that an input does not fill the memory.
constexpr std::size_t kEntriesMax = 2000;

void require(bool promise, std::string_view what) {
  if (!promise) {
    std::cerr << "broken: " << what << "\n";
    std::abort();
  }
}

bool stays_inside(const std::string& path) {
  return !path.empty() && path.front() != '/' && path != ".." && !path.starts_with("../") &&
         path.find("/../") == std::string::npos && !path.ends_with("/..");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto fakes = relapse::fakes::parse_fakes(text);
  if (!fakes) {
    require(!fakes.error().message.empty(), "a refusal says why");
    return 0;
  }
  if (!fakes->storage) {
    return 0;
  }
  for (const auto& [path, spec] : fakes->storage->archives) {
    if (spec.entries.size() > kEntriesMax) {
      continue;
    }
    const auto built = relapse::fakes::build_archive(spec);
    if (!built) {
      require(!built.error().message.empty(), "an archive that cannot be built says why");
      continue;
    }
    for (const auto& entry : built->entries) {
      require(stays_inside(entry.path), "what is to be extracted stays inside the folder");
    }
  }
  return 0;
}
