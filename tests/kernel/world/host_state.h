#pragma once
// What a run must leave as it found it.

#include <set>
#include <string>
#include <vector>

// Processes of this host with `mark` in their environment.
std::vector<int> processes_with(const std::string& mark);

// Control groups named as the zygote names them whose maker is dead.
std::set<std::string> orphaned_groups();

struct HostState {
  std::string mounts;                // /proc/self/mountinfo
  std::set<std::string> groups;      // orphaned_groups()
  std::set<std::string> temp_files;  // of the names that we use
  // Network namespaces alive or being torn down; 0 where the kernel does not tell us.
  long networks = 0;

  static HostState now();
};
