// The walk over a tree: what is looked at, and what is left out, with the reason.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <sstream>

#include "os/files.h"
#include "os/run_program.h"
#include "wanted/scan.h"

namespace relapse::env {

namespace fs = std::filesystem;

namespace {

// Longer ones are bundles and generated tables, which no person wrote.
constexpr size_t kLongestBytes = size_t{2} << 20;

// Folders that hold what others wrote or what a build made; the second only beside a file that
// tells of such a build, for the names are ordinary words.
constexpr std::array<std::string_view, 9> kForeign = {"node_modules", ".git",        ".venv",
                                                      "venv",         "__pycache__", ".tox",
                                                      ".yarn",        ".pnpm-store", "vendor"};
constexpr std::array<std::string_view, 13> kOutputs = {
    "dist",    "build",  "out",    "target",           ".next",   ".nuxt", ".svelte-kit", ".output",
    ".vercel", ".turbo", ".cache", "storybook-static", "coverage"};

class Walk {
 public:
  explicit Walk(fs::path root) : root_(std::move(root)) {}

  model::Result<ScanResult> run() {
    ask_git();
    RELAPSE_TRY(folder(root_));
    ScanResult result = join_findings(files_);
    auto& spots = result.blind_spots;
    spots.insert(spots.end(), spots_.begin(), spots_.end());
    result.skipped = skipped_;
    return result;
  }

 private:
  // What git leaves out. Without git, or outside of a repository, only the fixed names count.
  void ask_git() {
    constexpr int kLimitMs = 10'000;
    constexpr size_t kMostBytes = size_t{64} << 10;  // all that run_program() keeps
    auto listed = os::run_program({"git", "-C", root_.string(), "ls-files", "-z", "--others",
                                   "--ignored", "--exclude-standard", "--directory"},
                                  kLimitMs);
    if (!listed || listed->status != 0) {
      return;
    }
    if (listed->output.size() >= kMostBytes) {
      spots_.push_back({"", 0, "git ignores more folders than can be listed; some are read"});
    }
    std::istringstream entries(listed->output);
    for (std::string entry; std::getline(entries, entry, '\0');) {
      if (entry.size() > 1 && entry.back() == '/' && entry != "./") {
        entry.pop_back();
        ignored_.insert(entry);
      }
    }
  }

  std::string relative(const fs::path& path) const { return path.lexically_relative(root_); }

  std::string why_skipped(const fs::path& path) const {
    const std::string name = path.filename();
    if (std::find(kForeign.begin(), kForeign.end(), name) != kForeign.end()) {
      return "not the project's own source";
    }
    if (ignored_.contains(relative(path))) {
      return "ignored by git";
    }
    if (std::find(kOutputs.begin(), kOutputs.end(), name) != kOutputs.end() && is_output(path)) {
      return "a build's output";
    }
    return "";
  }

  // `build/` may also be a folder of sources: an output lies beside what a build starts from.
  static bool is_output(const fs::path& path) {
    static constexpr std::array<const char*, 6> kStarts = {
        "package.json", "Cargo.toml", "CMakeLists.txt", "Makefile", "pyproject.toml", "setup.py"};
    std::error_code error;
    return std::any_of(kStarts.begin(), kStarts.end(), [&](const char* start) {
      return fs::exists(path.parent_path() / start, error);
    });
  }

  model::Result<> folder(const fs::path& path) {
    std::error_code error;
    std::vector<fs::directory_entry> entries;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error)) {
      entries.push_back(*at);
    }
    if (error && path == root_) {
      return model::Error{model::ErrorKind::kUsage,
                          fmt::format("cannot read {}: {}", path.string(), error.message())};
    }
    if (error) {
      spots_.push_back({relative(path), 0, "cannot be read: " + error.message()});
    }
    std::sort(entries.begin(), entries.end());
    for (const auto& entry : entries) {
      if (entry.is_symlink(error)) {
        continue;  // what it leads to is read where it stands, or is not of this tree
      }
      if (entry.is_directory(error)) {
        const std::string why = why_skipped(entry.path());
        if (!why.empty()) {
          skipped_.push_back({relative(entry.path()), why});
        } else {
          RELAPSE_TRY(folder(entry.path()));
        }
      } else if (entry.is_regular_file(error)) {
        file(entry.path());
      }
    }
    return model::Done{};
  }

  void file(const fs::path& path) {
    const std::string name = relative(path);
    std::error_code error;
    // Only a file without an ending may tell its language by its first line.
    const bool known = !path.has_extension() || scan_text(name, "").known;
    if (!known || name.ends_with(".min.js") || fs::file_size(path, error) > kLongestBytes) {
      return;
    }
    auto text = os::read_file(path, kLongestBytes);
    if (!text) {
      spots_.push_back({name, 0, "not read: " + text.error().message});
      return;
    }
    files_.push_back(scan_text(name, *text));
  }

  fs::path root_;
  std::set<std::string, std::less<>> ignored_;
  std::vector<FileFindings> files_;
  std::vector<BlindSpot> spots_;
  std::vector<SkippedFolder> skipped_;
};

}  // namespace

model::Result<ScanResult> scan_folder(const std::string& folder) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error || !fs::is_directory(root, error)) {
    return model::Error{model::ErrorKind::kUsage, fmt::format("there is no folder '{}'", folder)};
  }
  return Walk(root).run();
}

}  // namespace relapse::env
