#include "os/subject_view.h"

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
