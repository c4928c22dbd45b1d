#include "os/scratch_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>

namespace relapse::os {

model::Result<ScratchFolder> ScratchFolder::make() {
  std::error_code error;
  auto parent = std::filesystem::temp_directory_path(error);
  std::string name = (error ? std::filesystem::path("/tmp") : parent) / "relapse-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) {
    return model::system_error("make a folder like " + name, errno);
  }
  return ScratchFolder(name);
}

ScratchFolder::~ScratchFolder() {
  if (!path_.empty()) {
    std::error_code ignored;  // what cannot be removed is the system's temporary folder's to clean
    std::filesystem::remove_all(path_, ignored);
  }
}

}  // namespace relapse::os
