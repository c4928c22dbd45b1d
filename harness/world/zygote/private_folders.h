#pragma once
// The folders that each world has for itself, on one small file system of its own.

#include <array>
#include <string>

namespace relapse::world {

struct PrivateFolder {
  const char* name;
  const char* target;
  unsigned mode;
};
inline constexpr std::array<PrivateFolder, 5> kPrivateFolders = {{
    {"home", "/home", 0755},
    {"run", "/run", 0755},
    {"var-tmp", "/var/tmp", 01777},
    {"shm", "/dev/shm", 01777},
    {"tmp", "/tmp", 01777},
}};

inline bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

inline bool is_private(const std::string& path) {
  for (const auto& folder : kPrivateFolders) {
    if (is_below(path, folder.target)) {
      return true;
    }
  }
  return false;
}

// Such a folder itself is not inside: a world cannot do without it.
inline bool is_inside_private(const std::string& path) {
  for (const auto& folder : kPrivateFolders) {
    if (path.starts_with(std::string(folder.target) + "/")) {
      return true;
    }
  }
  return false;
}

}  // namespace relapse::world
