#pragma once
// A folder of ours for a while: made empty and private, gone with all that is in it.

#include <string>
#include <utility>

#include "model/result.h"

namespace relapse::os {

class ScratchFolder {
 public:
  // Below TMPDIR, or else /tmp.
  static model::Result<ScratchFolder> make();
  ~ScratchFolder();
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace relapse::os
