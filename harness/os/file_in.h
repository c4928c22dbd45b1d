#pragma once
// A file inside a folder whose content nobody vouches for: no link leads out of the folder.

#include <optional>
#include <string>

#include "model/result.h"
#include "os/fd.h"

namespace relapse::os {

// The whole of a regular file. `path` is resolved as for somebody who lives in `root`; nullopt
// where nothing is there, or no regular file. A longer one than `limit_bytes` is an error.
model::Result<std::optional<std::string>> read_file_in(const Fd& root, const std::string& path,
                                                       size_t limit_bytes);

}  // namespace relapse::os
