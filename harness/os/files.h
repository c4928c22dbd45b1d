#pragma once
// Whole files: reading, writing by rename, and their SHA-256.

#include <filesystem>
#include <string>
#include <string_view>

#include "model/result.h"

namespace relapse::os {

// At most `limit_bytes`; a longer file is an error, so that nobody judges a half of it.
model::Result<std::string> read_file(const std::filesystem::path& path,
                                     size_t limit_bytes = size_t{64} << 20);

// Written beside `path` and renamed over it: a reader sees the old or the new, never a part.
model::Result<> write_file_atomically(const std::filesystem::path& path, std::string_view content);

// After what `path` holds already; the file is made when it is missing.
model::Result<> append_to_file(const std::filesystem::path& path, std::string_view content);

// All of it; `path` is for the error alone.
model::Result<> write_all(int fd, std::string_view content, const std::string& path);

// Lower-case hexadecimal.
model::Result<std::string> sha256_of_file(const std::filesystem::path& path);
std::string sha256_of_text(std::string_view text);

}  // namespace relapse::os
