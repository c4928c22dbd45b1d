#pragma once
// Archives for the storage fake: built from a description, one gzip member that holds a tar,
// the same bytes every time; and what a tree must hold after it was extracted.
//
//   { "entries": [ {"path": "SKILL.md", "content": "…"}, {"path": "a/f-{n}", "count": 20,
//                   "size": 4096, "pattern": "xyz"}, {"path": "d", "type": "directory"},
//                  {"path": "l", "symlink": "SKILL.md"}, {"path": "h", "hardlink": "SKILL.md"},
//                  {"path": "p", "type": "fifo"}, {"path": "../x", "content": "…"} ],
//     "form": "tar.gz", "damage": {"trailer": "missing"}, "at": "/home/user/.claude" }
//
// An entry also has "mode" (octal, as a string: "0755") and "mtime" (seconds since 1970). Paths and
// link targets go into the tar as they stand, also "../x" and "/x".
// at       the folder of the world that it belongs in: absolute; what `tree: as-archived` expects
//          there. Of two archives the one whose folder is deeper decides what both hold.
// count    as many entries; {n} in path stands for 0, 1, 2 …
// form     "tar.gz" (default), "tar", "html" (an error page), "empty" (no byte)
// damage   {"keep_entries": K}: the tar ends, without its end mark, after K entries; the gzip is
// whole
//          {"trailer": "missing" | "bad"}: the gzip's last 8 bytes are gone, or its check is wrong
//          {"keep_bytes": N}: the first N bytes only; {"drop_bytes": N}: without the last N

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/result.h"

namespace relapse::fakes {

enum class EntryKind { kFile, kDirectory, kSymlink, kHardlink, kFifo };

struct ArchiveEntry {
  std::string path;  // as it goes into the tar
  EntryKind kind = EntryKind::kFile;
  std::string content;
  std::string link;  // of a link: its target
  unsigned mode = 0644;
  std::int64_t mtime_s = 0;
};

enum class ArchiveForm { kTarGz, kTar, kHtml, kEmpty };
enum class TrailerDamage { kNone, kMissing, kBad };

struct ArchiveSpec {
  std::vector<ArchiveEntry> entries;
  ArchiveForm form = ArchiveForm::kTarGz;
  std::optional<std::size_t> keep_entries;
  TrailerDamage trailer = TrailerDamage::kNone;
  std::optional<std::size_t> keep_bytes;
  std::size_t drop_bytes = 0;
  std::string at;  // empty: nothing is expected of it

  static model::Result<ArchiveSpec> parse(const nlohmann::json& value, const std::string& where);
};

// What has to be in the tree, relative to where the archive was extracted.
struct ExpectedEntry {
  std::string path;  // without "./", trailing or double slashes
  EntryKind kind = EntryKind::kFile;
  std::string content;  // of a hard link: its target's
  std::string link;
  unsigned mode = 0;
  std::int64_t mtime_s = 0;
  bool implied = false;  // a folder that no entry names, but a path needs; mode and mtime unknown
};

struct BuiltArchive {
  std::string bytes;
  std::vector<ExpectedEntry> entries;  // sorted by path; of two with one path the later
  // Paths of entries that lead out of the tree (by path or by link target): never to be extracted.
  std::vector<std::string> escapes;
  // False where the bytes are not the whole archive: who extracts it has to fail, and what the tree
  // then holds is not said.
  bool whole = true;
};

model::Result<BuiltArchive> build_archive(const ArchiveSpec& spec);

}  // namespace relapse::fakes
