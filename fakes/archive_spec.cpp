// The description of an archive: JSON to ArchiveSpec.

#include <fmt/format.h>

#include <utility>

#include "fakes/archive.h"
#include "model/fields.h"

namespace relapse::fakes {

using model::Fields;
using model::Result;
using nlohmann::json;

namespace {

// One trial's archives are held in memory, several times over while they are built.
constexpr std::int64_t kContentBytesMax = std::int64_t{256} << 20;
constexpr std::int64_t kEntriesMax = 100'000;
constexpr std::int64_t kMtimeMax = std::int64_t{1} << 33;  // what the tar header's field can hold

unsigned default_mode(EntryKind kind) {
  switch (kind) {
    case EntryKind::kDirectory:
      return 0755;
    case EntryKind::kSymlink:
      return 0777;
    default:
      return 0644;
  }
}

void read_kind(Fields& fields, ArchiveEntry& entry) {
  std::string type = fields.text("type", "file");
  bool is_symlink = fields.has("symlink");
  bool is_hardlink = fields.has("hardlink");
  entry.link = fields.text("symlink") + fields.text("hardlink");
  if (is_symlink && is_hardlink) {
    fields.fail("hardlink", "an entry is one kind of link");
  }
  if ((is_symlink || is_hardlink) && entry.link.empty()) {
    fields.fail(is_symlink ? "symlink" : "hardlink", "a link needs a target");
  }
  if (is_symlink) {
    entry.kind = EntryKind::kSymlink;
  } else if (is_hardlink) {
    entry.kind = EntryKind::kHardlink;
  } else if (type == "directory") {
    entry.kind = EntryKind::kDirectory;
  } else if (type == "fifo") {
    entry.kind = EntryKind::kFifo;
  }
  if (type != "file" && type != "directory" && type != "fifo") {
    fields.fail("type", "'type' must be \"file\", \"directory\" or \"fifo\"");
  }
}

void read_content(Fields& fields, ArchiveEntry& entry) {
  bool has_size = fields.has("size");
  entry.content = fields.text("content");
  auto size = static_cast<std::size_t>(fields.number("size", 0, 0, kContentBytesMax));
  std::string pattern = fields.text("pattern", "relapse ");
  if (has_size && fields.has("content")) {
    fields.fail("size", "an entry has either content or size");
  }
  if (has_size && pattern.empty()) {
    fields.fail("pattern", "'pattern' must not be empty");
    return;
  }
  if (has_size) {
    entry.content.reserve(size + pattern.size());
    while (entry.content.size() < size) {
      entry.content += pattern;
    }
    entry.content.resize(size);
  }
  if (entry.kind != EntryKind::kFile && !entry.content.empty()) {
    fields.fail("content", "only a file has content");
  }
}

void read_mode(Fields& fields, ArchiveEntry& entry) {
  std::string text = fields.text("mode", fmt::format("{:04o}", default_mode(entry.kind)));
  if (text.empty() || text.size() > 5 || text.find_first_not_of("01234567") != std::string::npos) {
    fields.fail("mode", "'mode' must be octal, as a string: \"0755\"");
    return;
  }
  entry.mode = static_cast<unsigned>(std::stoul(text, nullptr, 8)) & 07777U;
}

std::string numbered(std::string path, std::int64_t number) {
  auto at = path.find("{n}");
  if (at != std::string::npos) {
    path.replace(at, 3, std::to_string(number));
  }
  return path;
}

struct Room {
  std::int64_t entries = kEntriesMax;
  std::int64_t bytes = kContentBytesMax;
};

Result<> read_entry(const json& value, const std::string& where, Room& room,
                    std::vector<ArchiveEntry>& entries) {
  Fields fields(value, where);
  ArchiveEntry entry;
  std::string path = fields.required_text("path");
  read_kind(fields, entry);
  read_content(fields, entry);
  read_mode(fields, entry);
  // A fixed time, so that equal descriptions are equal bytes; not 0, which some tools take as
  // unset.
  entry.mtime_s = fields.number("mtime", 1'700'000'000, 0, kMtimeMax);
  std::int64_t count = fields.number("count", 1, 1, kEntriesMax);
  if ((path + entry.link).find('\0') != std::string::npos) {
    fields.fail("path", "a path holds no NUL");
  }
  room.entries -= count;
  room.bytes -= count * static_cast<std::int64_t>(entry.content.size());
  if (room.entries < 0 || room.bytes < 0) {
    fields.fail("count", "too much for one archive: at most 100000 entries, 256 MiB");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  for (std::int64_t n = 0; n < count; ++n) {
    entries.push_back(entry);
    entries.back().path = numbered(path, n);
  }
  return model::Done{};
}

std::size_t read_bytes(Fields& fields, const char* name) {
  return static_cast<std::size_t>(fields.number(name, 0, 0, 2 * kContentBytesMax));
}

Result<> read_damage(const json& value, const std::string& where, ArchiveSpec& spec) {
  Fields fields(value, where);
  if (fields.has("keep_entries")) {
    spec.keep_entries = read_bytes(fields, "keep_entries");
  }
  if (fields.has("keep_bytes")) {
    spec.keep_bytes = read_bytes(fields, "keep_bytes");
  }
  spec.drop_bytes = read_bytes(fields, "drop_bytes");
  std::string trailer = fields.text("trailer", "whole");
  if (trailer == "missing") {
    spec.trailer = TrailerDamage::kMissing;
  } else if (trailer == "bad") {
    spec.trailer = TrailerDamage::kBad;
  } else if (trailer != "whole") {
    fields.fail("trailer", "'trailer' must be \"missing\" or \"bad\"");
  }
  if (spec.trailer != TrailerDamage::kNone && spec.form != ArchiveForm::kTarGz) {
    fields.fail("trailer", "only a gzip has a trailer");
  }
  if (spec.keep_entries.value_or(0) > spec.entries.size()) {
    fields.fail("keep_entries", "the archive has fewer entries");
  }
  return fields.finish();
}

std::optional<ArchiveForm> form_of(const std::string& word) {
  if (word == "tar.gz") {
    return ArchiveForm::kTarGz;
  }
  if (word == "tar") {
    return ArchiveForm::kTar;
  }
  if (word == "html") {
    return ArchiveForm::kHtml;
  }
  return word == "empty" ? std::optional(ArchiveForm::kEmpty) : std::nullopt;
}

}  // namespace

Result<ArchiveSpec> ArchiveSpec::parse(const json& value, const std::string& where) {
  Fields fields(value, where);
  const json* entries = fields.array("entries");
  const json* damage = fields.child("damage");
  const std::string at = fields.text("at");
  auto form = form_of(fields.text("form", "tar.gz"));
  if (!form) {
    fields.fail("form", "'form' must be \"tar.gz\", \"tar\", \"html\" or \"empty\"");
  }
  if (auto done = fields.finish(); !done) {
    return done.error();
  }
  ArchiveSpec spec;
  spec.form = *form;
  spec.at = at;
  Room room;
  for (std::size_t i = 0; entries != nullptr && i < entries->size(); ++i) {
    auto read =
        read_entry((*entries)[i], fmt::format("{}/entries/{}", where, i), room, spec.entries);
    if (!read) {
      return read.error();
    }
  }
  if (damage != nullptr) {
    if (auto read = read_damage(*damage, where + "/damage", spec); !read) {
      return read.error();
    }
  }
  return spec;
}

}  // namespace relapse::fakes
