#include "model/tree_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace relapse::model {

namespace {

using Kind = FileEntry::Kind;
using What = TreeDifference::What;

std::string describe(const FileEntry& entry, bool any_mode) {
  switch (entry.kind) {
    case Kind::kFile:
      return fmt::format("file of {} bytes, mode {:04o}", entry.bytes, entry.mode);
    case Kind::kFolder:
      return any_mode ? "folder" : fmt::format("folder, mode {:04o}", entry.mode);
    case Kind::kLink:
      return "link to " + entry.link;
    case Kind::kOther:
      break;
  }
  return "neither file, folder nor link";
}

bool is_below(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

// One side has it and the other has not: of a folder and what is below it the folder alone is told.
class OneSided {
 public:
  OneSided(What what, std::string root, std::vector<TreeDifference>& out)
      : what_(what), root_(std::move(root)), out_(out) {}

  // In the order of paths in which a folder comes right before what is below it.
  void add(const std::string& path, const FileEntry& entry, bool any_mode) {
    ++count_;
    if (is_open_ && is_below(path, top_)) {
      ++out_.back().entries;
      return;
    }
    top_ = path;
    is_open_ = entry.kind == Kind::kFolder;
    TreeDifference one;
    one.what = what_;
    one.path = root_ + "/" + path;
    (what_ == What::kMissing ? one.expected : one.seen) = describe(entry, any_mode);
    out_.push_back(std::move(one));
  }
  std::uint64_t count() const { return count_; }

 private:
  What what_;
  std::string root_;
  std::vector<TreeDifference>& out_;
  std::string top_;
  bool is_open_ = false;
  std::uint64_t count_ = 0;
};

// Paths with their parts compared one by one: "a", "a/b", "a.b", and not "a", "a.b", "a/b".
bool goes_before(std::string_view left, std::string_view right) {
  return std::lexicographical_compare(left.begin(), left.end(), right.begin(), right.end(),
                                      [](char a, char b) {
                                        return (a == '/' ? 0 : static_cast<unsigned char>(a) + 1) <
                                               (b == '/' ? 0 : static_cast<unsigned char>(b) + 1);
                                      });
}

std::vector<std::string> paths_in_order(const FileTree& tree) {
  std::vector<std::string> paths;
  for (const auto& [path, entry] : tree) {
    paths.push_back(path);
  }
  std::sort(paths.begin(), paths.end(), goes_before);
  return paths;
}

const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"file", "folder", "link", "neither file, folder nor link"};
  return kNames[static_cast<size_t>(kind)];
}

// The first thing in which they differ; false: they do not.
bool differ(const FileEntry& expected, const FileEntry& seen, bool any_mode, TreeDifference& out) {
  auto set = [&](What what, std::string wanted, std::string found) {
    out.what = what;
    out.expected = std::move(wanted);
    out.seen = std::move(found);
    return true;
  };
  if (expected.kind != seen.kind) {
    return set(What::kKind, name_of(expected.kind), name_of(seen.kind));
  }
  if (expected.kind == Kind::kFile && expected.sha256 != seen.sha256) {
    const bool same_size = expected.bytes == seen.bytes;
    auto text = [&](const FileEntry& entry) {
      return same_size ? "SHA-256 " + entry.sha256.substr(0, 12)
                       : fmt::format("{} bytes", entry.bytes);
    };
    return set(What::kContent, text(expected), text(seen));
  }
  if (expected.kind == Kind::kLink) {
    return expected.link != seen.link && set(What::kLink, expected.link, seen.link);
  }
  return !any_mode && expected.mode != seen.mode &&
         set(What::kMode, fmt::format("{:04o}", expected.mode), fmt::format("{:04o}", seen.mode));
}

void keep(std::vector<TreeDifference> found, TreeFacts& facts) {
  for (auto& one : found) {
    if (facts.first.size() < kDifferencesShown) {
      facts.first.push_back(std::move(one));
    }
  }
}

}  // namespace

const std::vector<std::string>& difference_words() {
  static const std::vector<std::string> kWords = {"missing", "unexpected", "another kind",
                                                  "content", "link",       "mode"};
  return kWords;
}

const std::string& to_word(What what) {
  return difference_words()[static_cast<size_t>(what)];
}

std::string describe(const TreeDifference& one) {
  const std::string more =
      one.entries > 1 ? fmt::format(" and {} below it", one.entries - 1) : std::string();
  if (one.what == What::kMissing || one.what == What::kUnexpected) {
    return fmt::format("{} {}{} ({})", to_word(one.what), one.path, more,
                       one.what == What::kMissing ? one.expected : one.seen);
  }
  return fmt::format("{} of {}: {}, not {}", to_word(one.what), one.path, one.seen, one.expected);
}

void compare(const ExpectedTree& expected, const FileTree* seen, TreeFacts& facts) {
  static const FileTree kNothing;
  const FileTree& there = seen != nullptr ? *seen : kNothing;
  std::vector<TreeDifference> missing;
  std::vector<TreeDifference> different;
  std::vector<TreeDifference> unexpected;
  OneSided lost(What::kMissing, expected.path, missing);
  for (const auto& path : paths_in_order(expected.entries)) {
    const FileEntry& wanted = expected.entries.at(path);
    ++facts.expected;
    const bool any_mode = expected.any_mode.contains(path);
    auto found = there.find(path);
    TreeDifference one;
    one.path = expected.path + "/" + path;
    if (found == there.end()) {
      lost.add(path, wanted, any_mode);
    } else if (differ(wanted, found->second, any_mode, one)) {
      different.push_back(std::move(one));
    }
  }
  OneSided added(What::kUnexpected, expected.path, unexpected);
  for (const auto& path : paths_in_order(there)) {
    if (!expected.others_allowed && !expected.entries.contains(path) &&
        !expected.may_be.contains(path)) {
      added.add(path, there.at(path), false);
    }
  }
  facts.missing += lost.count();
  facts.different += different.size();
  facts.unexpected += added.count();
  keep(std::move(missing), facts);
  keep(std::move(different), facts);
  keep(std::move(unexpected), facts);
}

}  // namespace relapse::model
