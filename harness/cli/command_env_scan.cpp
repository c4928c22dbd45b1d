#include <fmt/format.h>

#include "cli/command_env.h"
#include "wanted/scan_json.h"

namespace relapse::cli {

std::function<int()> declare_env_scan(CLI::App& app) {
  struct Options {
    std::string folder = ".";
    bool json = false;
  };
  auto options = std::make_shared<Options>();
  app.add_option("DIR", options->folder, "the project's folder")->capture_default_str();
  app.add_flag("--json", options->json, "for programs");
  app.footer(
      "Reads the source, runs nothing: JavaScript and TypeScript with Vue, Svelte, Astro and "
      "HTML,\n"
      "Rust, C, C++, Go, Python, shell, Dockerfiles, compose files, makefiles, CMake, GitHub\n"
      "workflows and the scripts of package.json. What reading cannot tell is listed too.\n"
      "\n"
      "  relapse env scan .\n"
      "  relapse env scan apps/web --json");
  return [options]() -> int {
    auto found = env::scan_folder(options->folder);
    if (!found) {
      return report_error(found.error());
    }
    if (options->json) {
      print_document(env::to_json(*found));
    } else {
      fmt::print("{}", env::to_table(*found));
    }
    return 0;
  };
}

}  // namespace relapse::cli
