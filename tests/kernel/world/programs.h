#pragma once
// The helper programs beside the test program, or in the folder of the build where they were made.

#include <filesystem>
#include <string>

inline std::string program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}
