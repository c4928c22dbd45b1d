#pragma once
// What lies in a folder, as plain data: what a subject left on the disk, what an archive holds.

#include <cstdint>
#include <map>
#include <string>

namespace relapse::model {

struct FileEntry {
  enum class Kind { kFile, kFolder, kLink, kOther };
  Kind kind = Kind::kFile;
  unsigned mode = 0;        // the permission bits
  std::uint64_t bytes = 0;  // of a file
  std::string sha256;       // of a file's content, lower-case hexadecimal
  std::string link;         // of a link: its target, as it stands

  bool operator==(const FileEntry&) const = default;
};

// By path relative to the folder: "a/b". The folder itself is not in it.
using FileTree = std::map<std::string, FileEntry>;

}  // namespace relapse::model
