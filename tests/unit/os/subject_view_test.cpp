#include "os/subject_view.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "catch.h"

using namespace relapse::os;

TEST_CASE("paths are normalised lexically") {
  CHECK(normal_path("/", "/a//b/./c") == "/a/b/c");
  CHECK(normal_path("/a/b", "c") == "/a/b/c");
  CHECK(normal_path("/a/b", "../c/") == "/a/c");
  CHECK(normal_path("/a", "../../..") == "/");
  CHECK(normal_path("/a/b", "") == "/a/b");
  CHECK(normal_path("/a", "/b") == "/b");
}

TEST_CASE("a folder holds itself and what lies below, not its namesakes") {
  CHECK(is_within("/a/b", "/a"));
  CHECK(is_within("/a", "/a"));
  CHECK(is_within("/a/b", "/a/"));
  CHECK_FALSE(is_within("/ab", "/a"));
  CHECK_FALSE(is_within("/", "/a"));
  CHECK(is_within("/anything", "/"));
  CHECK_FALSE(is_within("pipe:[7]", "/"));
}

TEST_CASE("a path is read up to its end, and not past the end of its mapping") {
  long page = ::sysconf(_SC_PAGESIZE);
  auto* memory =
      static_cast<char*>(::mmap(nullptr, static_cast<size_t>(page) * 2, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  REQUIRE(memory != MAP_FAILED);
  REQUIRE(::munmap(memory + page, static_cast<size_t>(page)) == 0);
  auto address = [](const char* text) { return reinterpret_cast<std::uint64_t>(text); };
  char* last = memory + page - 5;
  std::memcpy(last, "/end", 5);
  CHECK(read_path(::getpid(), address(last)) == "/end");
  std::memcpy(last, "/over", 5);  // no NUL before the mapping ends
  CHECK_FALSE(read_path(::getpid(), address(last)).has_value());
  CHECK_FALSE(read_path(::getpid(), 8).has_value());
  ::munmap(memory, static_cast<size_t>(page));
}
