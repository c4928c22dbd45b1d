#include "supplied/dotenv.h"

#include <algorithm>

namespace relapse::env {

std::vector<std::string> dotenv_files(DotenvReader reader, const std::string& mode) {
  switch (reader) {
    case DotenvReader::kVite:
      return {".env." + mode + ".local", ".env." + mode, ".env.local", ".env"};
    case DotenvReader::kNext:
      if (mode == "test") {
        return {".env.test.local", ".env.test", ".env"};
      }
      return {".env." + mode + ".local", ".env.local", ".env." + mode, ".env"};
    case DotenvReader::kPlain:
      return {".env"};
  }
  return {};
}

DotenvReader dotenv_reader(const std::vector<std::string>& names) {
  auto any = [&](std::string_view start) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return name.starts_with(start); });
  };
  if (any("next.config.")) {
    return DotenvReader::kNext;
  }
  const bool vite = any("vite.config.") || any("astro.config.") || any("svelte.config.") ||
                    any("nuxt.config.") || any("vue.config.");
  return vite ? DotenvReader::kVite : DotenvReader::kPlain;
}

}  // namespace relapse::env
