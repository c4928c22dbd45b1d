#include "run/host_tools.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

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

model::HostFacts host_facts() {
  utsname host{};
  ::uname(&host);
  model::HostFacts facts;
  facts.kernel = host.release;
  facts.cores = static_cast<int>(std::thread::hardware_concurrency());
  facts.privileges = ::geteuid() == 0 ? "root" : "user";
  return facts;
}

}  // namespace relapse::run
