#include "scenario/host_tools.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

namespace relapse::run {

namespace fs = std::filesystem;

HostTools find_host_tools() {
  HostTools tools;
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':') && tools.node.empty();) {
    const fs::path candidate = fs::path(folder) / "node";
    std::error_code error;
    if (::access(candidate.c_str(), X_OK) == 0) {
      tools.node = fs::canonical(candidate, error);
    }
  }
  return tools;
}

}  // namespace relapse::run
