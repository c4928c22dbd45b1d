#include "model/tree_check.h"

#include "catch.h"

using namespace relapse::model;
using Kind = FileEntry::Kind;
using What = TreeDifference::What;

namespace {

FileEntry file(const std::string& hash, std::uint64_t bytes = 1, unsigned mode = 0644) {
  return {Kind::kFile, mode, bytes, hash, ""};
}
FileEntry folder(unsigned mode = 0755) {
  return {Kind::kFolder, mode, 0, "", ""};
}
FileEntry link_to(const std::string& target) {
  return {Kind::kLink, 0777, 0, "", target};
}

TreeFacts compared(const ExpectedTree& expected, const FileTree& seen) {
  TreeFacts facts;
  compare(expected, &seen, facts);
  return facts;
}

ExpectedTree some_tree() {
  return {"/r",
          {{"a", folder()},
           {"a/b", folder()},
           {"a/b/c", file("1")},
           {"a.txt", file("2")},
           {"l", link_to("a.txt")}},
          {"a"},
          {},
          false};
}

}  // namespace

TEST_CASE("a tree that is as expected has no difference") {
  auto seen = some_tree().entries;
  seen["a"].mode = 0700;  // not said
  const auto facts = compared(some_tree(), seen);
  CHECK(facts.holds());
  CHECK(facts.expected == 5);
}

TEST_CASE("every kind of difference is found and told") {
  FileTree seen = some_tree().entries;
  SECTION("content of another size") {
    seen["a/b/c"] = file("9", 7);
    const auto facts = compared(some_tree(), seen);
    REQUIRE(facts.different == 1);
    CHECK(describe(facts.first.front()) == "content of /r/a/b/c: 7 bytes, not 1 bytes");
  }
  SECTION("content of the same size") {
    seen["a/b/c"] = file("9");
    CHECK(compared(some_tree(), seen).first.front().what == What::kContent);
  }
  SECTION("permissions") {
    seen["a.txt"].mode = 0600;
    CHECK(describe(compared(some_tree(), seen).first.front()) ==
          "mode of /r/a.txt: 0600, not 0644");
  }
  SECTION("a link that leads elsewhere") {
    seen["l"] = link_to("/etc/passwd");
    CHECK(describe(compared(some_tree(), seen).first.front()) ==
          "link of /r/l: /etc/passwd, not a.txt");
  }
  SECTION("another kind") {
    seen["l"] = file("2");
    CHECK(describe(compared(some_tree(), seen).first.front()) ==
          "another kind of /r/l: file, not link");
  }
  SECTION("something more") {
    seen["z"] = file("1");
    const auto facts = compared(some_tree(), seen);
    CHECK(facts.unexpected == 1);
    CHECK(facts.different + facts.missing == 0);
    auto lenient = some_tree();
    lenient.others_allowed = true;
    CHECK(compared(lenient, seen).holds());
    auto known = some_tree();
    known.may_be = {"z"};
    CHECK(compared(known, seen).holds());
  }
}

TEST_CASE("of a missing folder one line tells all that is below it") {
  FileTree seen = some_tree().entries;
  for (const char* path : {"a", "a/b", "a/b/c"}) {
    seen.erase(path);
  }
  const auto facts = compared(some_tree(), seen);
  CHECK(facts.missing == 3);
  REQUIRE(facts.first.size() == 1);  // not broken in two by a.txt, which sorts between a and a/b
  CHECK(describe(facts.first.front()) == "missing /r/a and 2 below it (folder)");
}

TEST_CASE("a folder that is not there at all lacks everything") {
  TreeFacts facts;
  compare(some_tree(), nullptr, facts);
  CHECK(facts.missing == 5);
}

TEST_CASE("only so many differences are kept, and all are counted") {
  FileTree seen;
  for (size_t i = 0; i < 2 * kDifferencesShown; ++i) {
    seen["n" + std::to_string(i)] = file("1");
  }
  ExpectedTree nothing;
  nothing.path = "/r";
  const auto facts = compared(nothing, seen);
  CHECK(facts.unexpected == 2 * kDifferencesShown);
  CHECK(facts.first.size() == kDifferencesShown);
}
