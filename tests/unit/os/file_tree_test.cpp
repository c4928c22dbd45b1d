#include "os/file_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "folder.h"
#include "os/files.h"

using namespace relapse;
using model::FileEntry;
namespace fs = std::filesystem;

namespace {

os::Fd open_folder(const fs::path& path) {
  auto fd = os::open_fd(path.string(), O_RDONLY | O_DIRECTORY);
  REQUIRE(fd.ok());
  return std::move(*fd);
}

void write(const fs::path& path, const std::string& content, unsigned mode = 0644) {
  std::ofstream(path) << content;
  REQUIRE(::chmod(path.c_str(), mode) == 0);
}

// One of each kind, with what leads out of it.
void fill(const fs::path& root) {
  fs::create_directories(root / "a/b");
  write(root / "a/b/script", "#!/bin/sh\n", 0755);
  write(root / "empty", "");
  fs::create_symlink("/etc/passwd", root / "out");
  fs::create_symlink("..", root / "a/up");
  REQUIRE(::mkfifo((root / "fifo").c_str(), 0600) == 0);
  REQUIRE(::chmod((root / "a").c_str(), 0750) == 0);
}

}  // namespace

TEST_CASE("a tree is read with its modes, contents and links, and no link is followed") {
  Folder folder;
  fill(folder / ".");
  auto tree = os::read_file_tree(open_folder(folder / "."));
  REQUIRE(tree.ok());
  CHECK(tree->size() == 7);
  CHECK(tree->at("a").kind == FileEntry::Kind::kFolder);
  CHECK(tree->at("a").mode == 0750);
  const auto& script = tree->at("a/b/script");
  CHECK(script.kind == FileEntry::Kind::kFile);
  CHECK(script.mode == 0755);
  CHECK(script.bytes == 10);
  CHECK(script.sha256 == os::sha256_of_text("#!/bin/sh\n"));
  CHECK(tree->at("empty").sha256 == os::sha256_of_text(""));
  CHECK(tree->at("out").kind == FileEntry::Kind::kLink);
  CHECK(tree->at("out").link == "/etc/passwd");
  CHECK(tree->at("a/up").link == "..");
  CHECK(tree->at("fifo").kind == FileEntry::Kind::kOther);
}

TEST_CASE("a copy holds what the tree says, without setuid bits") {
  Folder folder;
  fs::create_directory(folder / "from");
  fill(folder / "from");
  write(folder / "from/setuid", "x", 04755);
  const fs::path copy = folder / "some/where/copy";
  auto tree = os::copy_file_tree(open_folder(folder / "from"), copy.string());
  REQUIRE(tree.ok());
  auto again = os::read_file_tree(open_folder(copy));
  REQUIRE(again.ok());
  CHECK(tree->at("setuid").mode == 04755);
  CHECK(again->at("setuid").mode == 0755);
  tree->erase("setuid");
  tree->erase("fifo");
  again->erase("setuid");
  CHECK(*again == *tree);

  SECTION("and is never written over what is there") {
    CHECK_FALSE(os::copy_file_tree(open_folder(folder / "from"), copy.string()).ok());
  }
}

TEST_CASE("what exceeds a limit is an error that says so") {
  Folder folder;
  fill(folder / ".");
  os::TreeLimits limits;
  std::string wanted;
  SECTION("entries") {
    limits.entries = 6;
    wanted = "more than 6 entries";
  }
  SECTION("bytes") {
    limits.bytes = 9;
    wanted = "more than 9 bytes";
  }
  SECTION("depth") {
    limits.depth = 1;
    wanted = "deeper than 1 levels at a/b";
  }
  auto tree = os::read_file_tree(open_folder(folder / "."), limits);
  REQUIRE_FALSE(tree.ok());
  CHECK(tree.error().message.find(wanted) != std::string::npos);
}

TEST_CASE("what is exactly as large as its limits is read") {
  Folder folder;
  fill(folder / ".");
  os::TreeLimits limits;
  limits.entries = 7;
  limits.bytes = 10;
  limits.depth = 2;
  CHECK(os::read_file_tree(open_folder(folder / "."), limits).ok());
}

TEST_CASE("a path is resolved as for somebody who lives in the root") {
  Folder folder;
  fs::create_directories(folder / "root/etc/inside");
  fs::create_directories(folder / "beside");
  fs::create_symlink("/etc", folder / "root/absolute");
  fs::create_symlink("../../beside", folder / "root/relative");
  fs::create_symlink("loop", folder / "root/loop");
  write(folder / "root/file", "");
  const os::Fd root = open_folder(folder / "root");

  auto absolute = os::open_folder_in(root, "/absolute/inside");
  REQUIRE(absolute.ok());
  CHECK(absolute->has_value());
  for (const char* nowhere : {"/relative", "/loop", "/file", "/absolute/nothing"}) {
    auto found = os::open_folder_in(root, nowhere);
    REQUIRE(found.ok());
    CHECK_FALSE(found->has_value());
  }
}

TEST_CASE("the kernel's own file systems count as empty") {
  auto tree = os::read_file_tree(open_folder("/proc"));
  REQUIRE(tree.ok());
  CHECK(tree->empty());
}
