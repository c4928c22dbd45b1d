#include "host_state.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "os/cgroup.h"

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<int> processes_with(const std::string& mark) {
  std::vector<int> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos &&
        content(entry.path() / "environ").find(mark) != std::string::npos) {
      found.push_back(std::stoi(name));
    }
  }
  return found;
}

std::set<std::string> orphaned_groups() {
  std::set<std::string> found;
  std::error_code error;
  fs::recursive_directory_iterator groups("/sys/fs/cgroup",
                                          fs::directory_options::skip_permission_denied, error);
  for (; !error && groups != fs::recursive_directory_iterator(); groups.increment(error)) {
    const std::string name = groups->path().filename();
    int pid = 0;
    unsigned long long started = 0;
    if (std::sscanf(name.c_str(), "relapse.%d.%llu.", &pid, &started) == 2 &&
        relapse::os::start_ticks(pid) != started) {
      found.insert(groups->path());
    }
  }
  return found;
}

HostState HostState::now() {
  HostState state;
  state.mounts = content("/proc/self/mountinfo");
  state.groups = orphaned_groups();
  // What templates and worlds make in their own /tmp, which must not be the host's.
  for (const char* name :
       {"tree", "cover", "top", "home", "run", "var-tmp", "shm", "tmp", "passwd", "group"}) {
    if (fs::exists(fs::path("/tmp") / name)) {
      state.temp_files.insert(name);
    }
  }
  std::istringstream slabs(content("/proc/slabinfo"));
  for (std::string line; std::getline(slabs, line);) {
    if (line.starts_with("net_namespace ")) {
      std::istringstream(line.substr(14)) >> state.networks;
    }
  }
  return state;
}
