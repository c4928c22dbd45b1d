#pragma once
// A folder of a test's own, gone with it.

#include <unistd.h>

#include <filesystem>
#include <string>

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "relapse-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      throw std::filesystem::filesystem_error("mkdtemp", pattern, {});
    }
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};
