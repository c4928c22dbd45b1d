#pragma once
// What has to lie in a folder against what lies there: the differences, as plain data.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "model/file_tree.h"

namespace relapse::model {

struct ExpectedTree {
  std::string path;  // of the folder: absolute, in the world
  FileTree entries;
  std::set<std::string> any_mode;  // folders that only a path implies: their mode is not said
  std::set<std::string> may_be;    // what may be there in any form, or not at all
  bool others_allowed = false;     // what is not in `entries` is no difference
};

struct TreeDifference {
  enum class What { kMissing, kUnexpected, kKind, kContent, kLink, kMode };
  What what = What::kMissing;
  std::string path;           // absolute, in the world
  std::string expected;       // for people: "file of 12 bytes, mode 0644"; empty: nothing
  std::string seen;           // as well
  std::uint64_t entries = 1;  // of a folder that is missing or unexpected: all below are in it

  bool operator==(const TreeDifference&) const = default;
};

// "missing", "unexpected", "another kind", "content", "link", "mode": in their order.
const std::vector<std::string>& difference_words();
const std::string& to_word(TreeDifference::What what);

// For people, in one line: "missing /a/b (file of 12 bytes, mode 0644)".
std::string describe(const TreeDifference& difference);

// All that the trees of one trial came to.
struct TreeFacts {
  std::uint64_t expected = 0;  // entries
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  std::uint64_t unexpected = 0;
  std::vector<TreeDifference> first;  // the first of them, what is missing before the rest

  bool holds() const { return missing + different + unexpected == 0; }
  bool operator==(const TreeFacts&) const = default;
};

// How many differences are kept: as many as a person reads.
inline constexpr size_t kDifferencesShown = 12;

// Adds what `seen` differs in; null: the folder is not there.
void compare(const ExpectedTree& expected, const FileTree* seen, TreeFacts& facts);

}  // namespace relapse::model
