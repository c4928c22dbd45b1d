// An archive's bytes, by libarchive; and the tree that they stand for.

#include "fakes/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace relapse::fakes {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;

namespace {

constexpr std::size_t kEndMarkBytes = 1024;   // two empty blocks end a tar
constexpr std::size_t kGzipTrailerBytes = 8;  // CRC-32 and length
constexpr std::string_view kHtml =
    "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>"
    "<body><h1>502 Bad Gateway</h1></body></html>\n";

struct ArchiveFree {
  void operator()(archive* handle) const { archive_write_free(handle); }
};
using ArchiveHandle = std::unique_ptr<archive, ArchiveFree>;

struct EntryFree {
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using EntryHandle = std::unique_ptr<archive_entry, EntryFree>;

la_ssize_t append_to_string(archive* /*handle*/, void* text, const void* data, size_t size) {
  static_cast<std::string*>(text)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

Error archive_failure(archive* handle, const std::string& what) {
  const char* text = archive_error_string(handle);
  return Error{ErrorKind::kScenario,
               fmt::format("{}: {}", what, text == nullptr ? "libarchive failed" : text), "", "",
               0};
}

unsigned file_type(EntryKind kind) {
  switch (kind) {
    case EntryKind::kDirectory:
      return AE_IFDIR;
    case EntryKind::kSymlink:
      return AE_IFLNK;
    case EntryKind::kFifo:
      return AE_IFIFO;
    default:
      return AE_IFREG;
  }
}

Result<> write_entry(archive* handle, const ArchiveEntry& entry) {
  EntryHandle out(archive_entry_new());
  archive_entry_set_pathname(out.get(), entry.path.c_str());
  archive_entry_set_filetype(out.get(), file_type(entry.kind));
  archive_entry_set_perm(out.get(), entry.mode);
  archive_entry_set_mtime(out.get(), entry.mtime_s, 0);
  archive_entry_set_size(out.get(), static_cast<la_int64_t>(entry.content.size()));
  if (entry.kind == EntryKind::kSymlink) {
    archive_entry_set_symlink(out.get(), entry.link.c_str());
  } else if (entry.kind == EntryKind::kHardlink) {
    archive_entry_set_hardlink(out.get(), entry.link.c_str());
  }
  if (archive_write_header(handle, out.get()) != ARCHIVE_OK) {
    return archive_failure(handle, "entry " + entry.path);
  }
  auto wanted = static_cast<la_ssize_t>(entry.content.size());
  if (archive_write_data(handle, entry.content.data(), entry.content.size()) != wanted) {
    return archive_failure(handle, "entry " + entry.path);
  }
  return Done{};
}

// Nothing is written after the end mark (no padding to a block of a tape), so that the mark can be
// taken off.
Result<std::string> tar_of(const ArchiveSpec& spec) {
  std::string bytes;
  ArchiveHandle handle(archive_write_new());
  // GNU's tar keeps names as the bytes that they are; pax would want to know their encoding.
  archive_write_set_format_gnutar(handle.get());
  archive_write_set_bytes_in_last_block(handle.get(), 1);
  if (archive_write_open2(handle.get(), &bytes, nullptr, append_to_string, nullptr, nullptr) !=
      ARCHIVE_OK) {
    return archive_failure(handle.get(), "open a tar");
  }
  std::size_t count = spec.keep_entries.value_or(spec.entries.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (auto written = write_entry(handle.get(), spec.entries.at(i)); !written) {
      return written.error();
    }
  }
  if (archive_write_close(handle.get()) != ARCHIVE_OK) {
    return archive_failure(handle.get(), "close a tar");
  }
  if (spec.keep_entries) {
    bytes.resize(bytes.size() - std::min(bytes.size(), kEndMarkBytes));
  }
  return bytes;
}

Result<std::string> gzip_of(const std::string& content) {
  std::string bytes;
  ArchiveHandle handle(archive_write_new());
  archive_write_set_format_raw(handle.get());
  archive_write_add_filter_gzip(handle.get());
  archive_write_set_filter_option(handle.get(), "gzip", "timestamp", nullptr);
  archive_write_set_bytes_in_last_block(handle.get(), 1);
  if (archive_write_open2(handle.get(), &bytes, nullptr, append_to_string, nullptr, nullptr) !=
      ARCHIVE_OK) {
    return archive_failure(handle.get(), "open a gzip");
  }
  ArchiveEntry whole;
  whole.path = "data";
  whole.content = content;
  if (auto written = write_entry(handle.get(), whole); !written) {
    return written.error();
  }
  if (archive_write_close(handle.get()) != ARCHIVE_OK) {
    return archive_failure(handle.get(), "close a gzip");
  }
  return bytes;
}

void damage_bytes(const ArchiveSpec& spec, std::string& bytes) {
  if (spec.trailer == TrailerDamage::kMissing) {
    bytes.resize(bytes.size() - kGzipTrailerBytes);
  } else if (spec.trailer == TrailerDamage::kBad) {
    char& check = bytes[bytes.size() - kGzipTrailerBytes];
    check = static_cast<char>(check ^ 0x55);
  }
  bytes.resize(std::min(bytes.size(), spec.keep_bytes.value_or(bytes.size())));
  bytes.resize(bytes.size() - std::min(bytes.size(), spec.drop_bytes));
}

// The parts of a path; nothing where it leads out of the tree (absolute, or above its root).
std::optional<std::vector<std::string>> parts_inside(std::string_view path) {
  if (path.starts_with('/')) {
    return std::nullopt;
  }
  std::vector<std::string> parts;
  while (!path.empty()) {
    std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part == "..") {
      if (parts.empty()) {
        return std::nullopt;
      }
      parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.emplace_back(part);
    }
  }
  return parts;
}

std::string joined(const std::vector<std::string>& parts, std::size_t count) {
  std::string path;
  for (std::size_t i = 0; i < count; ++i) {
    path += (i == 0 ? "" : "/") + parts[i];
  }
  return path;
}

bool has_dot_dot(std::string_view path) {
  return ("/" + std::string(path) + "/").find("/../") != std::string::npos;
}

bool escapes(const ArchiveEntry& entry) {
  if (has_dot_dot(entry.path) || entry.path.starts_with('/')) {
    return true;  // also where a/../b would stay inside: no extractor needs to take it
  }
  if (entry.kind == EntryKind::kHardlink) {
    return !parts_inside(entry.link);
  }
  if (entry.kind == EntryKind::kSymlink) {
    auto slash = entry.path.find_last_of('/');
    std::string folder = slash == std::string::npos ? "" : entry.path.substr(0, slash + 1);
    return entry.link.starts_with('/') || !parts_inside(folder + entry.link);
  }
  return false;
}

void expect_tree(const ArchiveSpec& spec, BuiltArchive& built) {
  std::map<std::string, ExpectedEntry> tree;
  for (const ArchiveEntry& entry : spec.entries) {
    if (escapes(entry)) {
      built.escapes.push_back(entry.path);
      continue;
    }
    auto parts = *parts_inside(entry.path);
    if (parts.empty()) {
      continue;  // "./": where it is extracted, whose mode is not the archive's to say
    }
    for (std::size_t depth = 1; depth < parts.size(); ++depth) {
      ExpectedEntry folder{joined(parts, depth), EntryKind::kDirectory, "", "", 0, 0, true};
      tree.try_emplace(folder.path, folder);
    }
    ExpectedEntry expected{joined(parts, parts.size()),
                           entry.kind,
                           entry.content,
                           entry.link,
                           entry.mode,
                           entry.mtime_s,
                           false};
    if (entry.kind == EntryKind::kHardlink) {
      auto target_parts = *parts_inside(entry.link);
      auto target = tree.find(joined(target_parts, target_parts.size()));
      if (target == tree.end()) {
        continue;  // a link to what is not there cannot be made
      }
      expected.content = target->second.content;
      expected.mode = target->second.mode;
      expected.mtime_s = target->second.mtime_s;
    }
    tree.insert_or_assign(expected.path, expected);
  }
  for (auto& [path, expected] : tree) {
    built.entries.push_back(std::move(expected));
  }
}

}  // namespace

Result<BuiltArchive> build_archive(const ArchiveSpec& spec) {
  BuiltArchive built;
  if (spec.form == ArchiveForm::kHtml) {
    built.bytes = kHtml;
  } else if (spec.form != ArchiveForm::kEmpty) {
    auto bytes = tar_of(spec);
    if (bytes && spec.form == ArchiveForm::kTarGz) {
      bytes = gzip_of(*bytes);
    }
    if (!bytes) {
      return bytes.error();
    }
    built.bytes = *std::move(bytes);
  }
  std::size_t undamaged = built.bytes.size();
  damage_bytes(spec, built.bytes);
  built.whole = spec.form == ArchiveForm::kTarGz && !spec.keep_entries &&
                spec.trailer == TrailerDamage::kNone && built.bytes.size() == undamaged;
  expect_tree(spec, built);
  return built;
}

}  // namespace relapse::fakes
