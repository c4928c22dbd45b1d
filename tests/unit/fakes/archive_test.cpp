#include "fakes/archive.h"

#include <archive.h>
#include <archive_entry.h>

#include <map>
#include <memory>

#include "catch.h"

using namespace relapse;
using fakes::ArchiveSpec;
using fakes::build_archive;
using fakes::BuiltArchive;
using fakes::EntryKind;
using fakes::ExpectedEntry;
using nlohmann::json;

namespace {

BuiltArchive build(const std::string& text) {
  auto spec = ArchiveSpec::parse(json::parse(text), "/a");
  INFO((spec.ok() ? "" : spec.error().text()));
  REQUIRE(spec.ok());
  auto built = build_archive(*spec);
  REQUIRE(built.ok());
  return *std::move(built);
}

struct ReadEntry {
  std::string path;
  unsigned type = 0;
  unsigned mode = 0;
  long mtime = 0;
  std::string content;
  std::string symlink;
  std::string hardlink;
};

struct ReadBack {
  std::vector<ReadEntry> entries;
  bool whole = false;  // the reader came to the end without an error
};

std::string text_of(const char* text) {
  return text == nullptr ? "" : text;
}

ReadBack read_back(const std::string& bytes, bool gzip = true) {
  ReadBack back;
  std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  if (gzip) {
    archive_read_support_filter_gzip(reader.get());
  }
  archive_read_support_format_tar(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return back;
  }
  archive_entry* entry = nullptr;
  int result = ARCHIVE_OK;
  while ((result = archive_read_next_header(reader.get(), &entry)) == ARCHIVE_OK) {
    ReadEntry read;
    read.path = archive_entry_pathname(entry);
    read.type = archive_entry_filetype(entry);
    read.mode = archive_entry_perm(entry);
    read.mtime = archive_entry_mtime(entry);
    read.symlink = text_of(archive_entry_symlink(entry));
    read.hardlink = text_of(archive_entry_hardlink(entry));
    read.content.resize(static_cast<size_t>(archive_entry_size(entry)));
    la_ssize_t got = archive_read_data(reader.get(), read.content.data(), read.content.size());
    if (got != static_cast<la_ssize_t>(read.content.size())) {
      return back;
    }
    back.entries.push_back(read);
  }
  back.whole = result == ARCHIVE_EOF;
  return back;
}

constexpr const char* kEverything = R"({"entries": [
  {"path": "d", "type": "directory", "mode": "0700", "mtime": 1000},
  {"path": "d/file", "content": "hello", "mode": "04755", "mtime": 2000},
  {"path": "d/link", "symlink": "file"},
  {"path": "hard", "hardlink": "d/file"},
  {"path": "pipe", "type": "fifo"},
  {"path": "deep/er/f-{n}", "count": 3, "size": 5, "pattern": "ab"},
  {"path": "../out", "content": "x"},
  {"path": "/abs", "content": "x"},
  {"path": "in/../in2", "content": "x"},
  {"path": "d/up", "symlink": "../../up"},
  {"path": "d/stays", "symlink": "../hard"},
  {"path": "root", "symlink": "/etc/passwd"},
  {"path": "steal", "hardlink": "../../etc/passwd"}]})";

}  // namespace

TEST_CASE("an archive reads back as it was described", "[archive]") {
  auto built = build(kEverything);
  CHECK(built.whole);
  auto back = read_back(built.bytes);
  CHECK(back.whole);
  REQUIRE(back.entries.size() == 15);
  const auto& entries = back.entries;
  CHECK(entries[0].path == "d/");
  CHECK(entries[0].type == AE_IFDIR);
  CHECK(entries[0].mode == 0700);
  CHECK(entries[0].mtime == 1000);
  CHECK(entries[1].content == "hello");
  CHECK(entries[1].mode == 04755);
  CHECK(entries[2].symlink == "file");
  CHECK(entries[3].hardlink == "d/file");
  CHECK(entries[4].type == AE_IFIFO);
  CHECK(entries[5].path == "deep/er/f-0");
  CHECK(entries[7].path == "deep/er/f-2");
  CHECK(entries[7].content == "ababa");
  CHECK(entries[8].path == "../out");
  CHECK(entries[9].path == "/abs");
  CHECK(entries[14].hardlink == "../../etc/passwd");
}

TEST_CASE("what the tree must hold, and what must not come out of it", "[archive]") {
  auto built = build(kEverything);
  CHECK(built.escapes ==
        std::vector<std::string>{"../out", "/abs", "in/../in2", "d/up", "root", "steal"});
  std::map<std::string, ExpectedEntry> tree;
  for (const ExpectedEntry& entry : built.entries) {
    tree[entry.path] = entry;
  }
  std::vector<std::string> paths;
  paths.reserve(tree.size());
  for (const auto& [path, entry] : tree) {
    paths.push_back(path);
  }
  CHECK(paths == std::vector<std::string>{"d", "d/file", "d/link", "d/stays", "deep", "deep/er",
                                          "deep/er/f-0", "deep/er/f-1", "deep/er/f-2", "hard",
                                          "pipe"});
  CHECK_FALSE(tree["d"].implied);
  CHECK(tree["d"].mode == 0700);
  CHECK(tree["deep/er"].implied);
  CHECK(tree["deep/er"].kind == EntryKind::kDirectory);
  CHECK(tree["hard"].kind == EntryKind::kHardlink);
  CHECK(tree["hard"].content == "hello");
  CHECK(tree["hard"].mode == 04755);
  CHECK(tree["d/link"].link == "file");
}

TEST_CASE("the later of two entries with one path counts", "[archive]") {
  auto built = build(R"({"entries": [{"path": "./a//b", "content": "1"},
                                     {"path": "a/b", "content": "22"}, {"path": "./",
                                      "type": "directory"}]})");
  REQUIRE(built.entries.size() == 2);
  CHECK(built.entries[1].path == "a/b");
  CHECK(built.entries[1].content == "22");
}

TEST_CASE("the same description gives the same bytes", "[archive]") {
  CHECK(build(kEverything).bytes == build(kEverything).bytes);
  std::string bytes = build(kEverything).bytes;
  CHECK(bytes.substr(4, 4) == std::string(4, '\0'));  // gzip's own time stamp
}

TEST_CASE("an empty tar is an archive; names may be long and of any bytes", "[archive]") {
  auto empty = build(R"({"entries": []})");
  CHECK(empty.whole);
  CHECK(read_back(empty.bytes).whole);
  CHECK(read_back(empty.bytes).entries.empty());
  std::string name(300, 'n');
  auto odd = build(R"({"entries": [{"path": "ünï"}, {"path": ")" + name + R"("}]})");
  auto back = read_back(odd.bytes);
  REQUIRE(back.entries.size() == 2);
  CHECK(back.entries[0].path == "ünï");
  CHECK(back.entries[1].path == name);
}

TEST_CASE("other forms: a plain tar, an error page, nothing", "[archive]") {
  const std::string entries = R"("entries": [{"path": "a", "content": "1"}])";
  auto tar = build("{" + entries + R"(, "form": "tar"})");
  CHECK(read_back(tar.bytes, /*gzip=*/false).whole);
  CHECK_FALSE(tar.whole);
  CHECK(build("{" + entries + R"(, "form": "html"})").bytes.find("<!DOCTYPE html>") == 0);
  CHECK(build("{" + entries + R"(, "form": "empty"})").bytes.empty());
}

TEST_CASE("damage: a reader that checks sees each kind", "[archive]") {
  const std::string entries =
      R"("entries": [{"path": "a", "size": 3000}, {"path": "b", "size": 3000}])";
  auto damaged = [&entries](const std::string& damage) {
    auto built = build("{" + entries + R"(, "damage": )" + damage + "}");
    CHECK_FALSE(built.whole);
    CHECK(built.entries.size() == 2);  // what a whole one would hold
    return built.bytes;
  };
  auto whole = build("{" + entries + "}").bytes;

  // libarchive takes the end of the input for the end of a tar, as other readers do.
  auto boundary = read_back(damaged(R"({"keep_entries": 1})"));
  CHECK(boundary.entries.size() == 1);
  CHECK(read_back(damaged(R"({"keep_entries": 0})")).entries.empty());
  auto tar = build("{" + entries + R"(, "form": "tar", "damage": {"keep_entries": 1}})").bytes;
  CHECK(tar.size() == 512 + 3072);  // one header, its content in whole blocks, no end mark

  CHECK(damaged(R"({"trailer": "missing"})") == whole.substr(0, whole.size() - 8));
  auto bad = damaged(R"({"trailer": "bad"})");
  CHECK(bad.size() == whole.size());
  CHECK(bad.substr(0, bad.size() - 8) == whole.substr(0, whole.size() - 8));
  CHECK(bad.substr(bad.size() - 8, 4) != whole.substr(whole.size() - 8, 4));
  CHECK(damaged(R"({"keep_bytes": 20})") == whole.substr(0, 20));
  CHECK(damaged(R"({"drop_bytes": 3})") == whole.substr(0, whole.size() - 3));
  CHECK_FALSE(read_back(damaged(R"({"keep_bytes": 20})")).whole);
  CHECK(damaged(R"({"drop_bytes": 100000})").empty());
}

TEST_CASE("keep_bytes beyond the end is no damage", "[archive]") {
  CHECK(build(R"({"entries": [], "damage": {"keep_bytes": 1000000}})").whole);
}

TEST_CASE("what is wrong with an archive is said, and where", "[archive]") {
  auto error_of = [](const std::string& text) {
    auto spec = ArchiveSpec::parse(json::parse(text), "/a");
    return spec.ok() ? "" : spec.error().pointer + ": " + spec.error().message;
  };
  CHECK(error_of(R"({"entries": [{"path": "x"}, {"content": "y"}]})") ==
        "/a/entries/1/path: 'path' is missing or empty");
  CHECK(error_of(R"({"form": "zip"})").find("/a/form: ") == 0);
  CHECK(error_of(R"({"entries": {}})").find("/a/entries: ") == 0);
  CHECK(error_of(R"({"entrys": []})").find("/a/entrys: there is no field") == 0);
  for (const char* entry : {
           R"({"path": ""})",
           R"({"path": "x", "mode": "0999"})",
           R"({"path": "x", "mode": 493})",
           R"({"path": "x", "mode": ""})",
           R"({"path": "x", "mode": "777777"})",
           R"({"path": "x", "size": -1})",
           R"({"path": "x", "size": 1, "content": "y"})",
           R"({"path": "x", "size": 1, "pattern": ""})",
           R"({"path": "x", "size": 99999999999})",
           R"({"path": "x", "size": 1000000, "count": 1000})",
           R"({"path": "x", "count": 0})",
           R"({"path": "x", "count": 1000000})",
           R"({"path": "x", "type": "socket"})",
           R"({"path": "x", "type": "directory", "content": "y"})",
           R"({"path": "x", "symlink": ""})",
           R"({"path": "x", "symlink": "a", "hardlink": "b"})",
           R"({"path": "x", "mtime": -1})",
           R"({"path": "x", "colour": "red"})",
           R"("x")",
       }) {
    INFO(entry);
    CHECK(error_of(R"({"entries": [)" + std::string(entry) + "]}").find("/a/entries/0") == 0);
  }
  CHECK(error_of(R"({"damage": {"trailer": "odd"}})").find("/a/damage/trailer: ") == 0);
  CHECK(error_of(R"({"damage": {"keep_entries": 1}})").find("/a/damage/keep_entries: ") == 0);
  CHECK(error_of(R"({"form": "tar", "damage": {"trailer": "bad"}})").find("/a/damage/trailer") ==
        0);
  CHECK(error_of(R"({"form": "empty", "damage": {"trailer": "missing"}})") != "");
}
