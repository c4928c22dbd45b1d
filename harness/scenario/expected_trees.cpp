#include "scenario/expected_trees.h"

#include <fmt/format.h>

#include <algorithm>

#include "fakes/fake_set.h"
#include "model/fields.h"
#include "os/files.h"
#include "os/subject_view.h"

namespace relapse::run {

using fakes::EntryKind;
using fakes::ExpectedEntry;
using model::Done;
using model::ExpectedTree;
using model::FileEntry;
using model::Result;

namespace {

// Who extracts as an ordinary user sets no setuid bit, whatever the archive says.
constexpr unsigned kOrdinary = 0777;

FileEntry entry_of(const ExpectedEntry& wanted) {
  FileEntry entry;
  entry.mode = wanted.mode & kOrdinary;
  switch (wanted.kind) {
    case EntryKind::kDirectory:
      entry.kind = FileEntry::Kind::kFolder;
      break;
    case EntryKind::kSymlink:
      entry.kind = FileEntry::Kind::kLink;
      entry.link = wanted.link;
      break;
    default:
      entry.bytes = wanted.content.size();
      entry.sha256 = os::sha256_of_text(wanted.content);
  }
  return entry;
}

// Puts the entry where `prefix` is the extracting folder's place in the tree.
void put(const ExpectedEntry& wanted, const std::string& prefix, ExpectedTree& tree) {
  const std::string path = prefix.empty() ? wanted.path : prefix + "/" + wanted.path;
  if (wanted.kind == EntryKind::kFifo) {
    tree.may_be.insert(path);  // a file for one, skipped by another
    return;
  }
  // A folder that a path implies is whatever an entry has said of it.
  if (wanted.implied && tree.entries.contains(path)) {
    return;
  }
  tree.entries[path] = entry_of(wanted);
  tree.any_mode.erase(path);
  if (wanted.implied) {
    tree.any_mode.insert(path);
  }
}

void put_folders(const std::string& prefix, ExpectedTree& tree) {
  for (size_t end = 0; end != std::string::npos;) {
    end = prefix.find('/', end + 1);
    ExpectedEntry folder;
    folder.path = prefix.substr(0, end);
    folder.kind = EntryKind::kDirectory;
    folder.implied = true;
    if (!folder.path.empty()) {
      put(folder, "", tree);
    }
  }
}

struct Placed {
  std::string at;
  const fakes::BuiltArchive* archive;
};

Result<std::vector<Placed>> placed_archives(const fakes::StorageConfig& config,
                                            const fakes::StorageFake& storage) {
  std::vector<Placed> placed;
  for (const auto& [path, archive] : storage.archives()) {
    const std::string& at = config.archives.find(path)->second.at;
    if (at.empty()) {
      continue;
    }
    const std::string folder = os::normal_path("/", at);
    if (at.front() != '/' || folder == "/") {
      return model::field_error(
          "/world/fakes/storage/archives/" + model::pointer_part(path) + "/at",
          fmt::format("'{}' must be an absolute path, and not the root", at));
    }
    placed.push_back({folder, &archive});
  }
  // The outermost first: what lies deeper is laid over it.
  std::stable_sort(placed.begin(), placed.end(), [](const auto& left, const auto& right) {
    return left.at.size() < right.at.size();
  });
  return placed;
}

Result<std::vector<ExpectedTree>> archived_trees(const nlohmann::json& document) {
  auto config = fakes::FakesConfig::parse(document, "/world/fakes");
  if (!config) {
    return config.error();
  }
  if (!config->storage) {
    return model::field_error("/expect", "a tree as archived needs world.fakes.storage");
  }
  auto storage = fakes::StorageFake::make(*config->storage);
  if (!storage) {
    return storage.error();
  }
  std::vector<ExpectedTree> trees;
  auto placed = placed_archives(*config->storage, *storage);
  if (!placed) {
    return placed.error();
  }
  for (const auto& [at, archive] : *placed) {
    auto tree = std::find_if(trees.begin(), trees.end(),
                             [&at](const auto& one) { return os::is_within(at, one.path); });
    if (tree == trees.end()) {
      trees.emplace_back().path = at;
      tree = trees.end() - 1;
    }
    const std::string prefix =
        at.size() > tree->path.size() ? at.substr(tree->path.size() + 1) : std::string();
    put_folders(prefix, *tree);
    for (const auto& entry : archive->entries) {
      put(entry, prefix, *tree);
    }
  }
  if (trees.empty()) {
    return model::field_error("/world/fakes/storage/archives",
                              "a tree as archived needs to know where archives belong",
                              R"(say it in one, as in "at": "/home/user/.claude")");
  }
  return trees;
}

Result<std::vector<ExpectedTree>> described_tree(const model::TreeExpectation& wanted) {
  if (wanted.at.empty() || wanted.at.front() != '/') {
    return model::field_error("/expect", "'at' of a tree must be an absolute path");
  }
  auto spec = fakes::ArchiveSpec::parse({{"entries", wanted.entries}}, "/expect");
  if (!spec) {
    return spec.error();
  }
  auto built = fakes::build_archive(*spec);
  if (!built) {
    return built.error();
  }
  ExpectedTree tree;
  tree.path = os::normal_path("/", wanted.at);
  for (const auto& entry : built->entries) {
    put(entry, "", tree);
  }
  return std::vector<ExpectedTree>{std::move(tree)};
}

}  // namespace

Result<> expect_trees(model::TrialPlan& plan) {
  for (auto& expectation : plan.expect) {
    auto* wanted = std::get_if<model::TreeExpectation>(&expectation.what);
    if (wanted == nullptr) {
      continue;
    }
    auto trees = wanted->as_archived ? archived_trees(plan.fakes) : described_tree(*wanted);
    if (!trees) {
      return trees.error();
    }
    for (auto& tree : *trees) {
      tree.others_allowed = wanted->others_allowed;
      const bool asked = std::any_of(plan.collect.begin(), plan.collect.end(),
                                     [&tree](const auto& one) { return one.path == tree.path; });
      if (!asked) {
        plan.collect.push_back({tree.path, ""});
      }
    }
    wanted->trees = std::move(*trees);
  }
  return Done{};
}

}  // namespace relapse::run
