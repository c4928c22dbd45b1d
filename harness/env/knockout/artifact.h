#pragma once
// Are two builds' outputs the same, although no two builds of some tools are? Two reference
// builds show what varies by itself; that is taken out, file by file, by content:
//
//   a path that varies (a random build id in it)  is known by its unvarying words;
//   a text that varies                            is compared in the words that do not;
//   bytes that vary in place (a time in a header) are passed over;
//   bytes in another order (a table by hash)      are counted;
//   a cache in which something varies             is a tool's memory, and not delivered;
//   what varies in no such way                    is opaque: it decides nothing, and is named.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/file_tree.h"

namespace relapse::env {

struct Artifact {
  model::FileTree tree;
  // A file's content, by its path in the tree; nullopt where it cannot be had.
  std::function<std::optional<std::string>(const std::string& path)> read;
};

struct Difference {
  std::vector<std::string> paths;   // that really differ, in their order
  std::vector<std::string> opaque;  // that differ as they may by themselves, too: nothing said
  bool same() const { return paths.empty() && opaque.empty(); }
};

// How one file of a reference is to be compared.
struct FilePattern {
  enum class How {
    kWords,      // the same words in the same places, but for the `varying` places
    kWideWords,  // so, where a word may hold "+", "/" and "=", as a key in base64 does
    kBag,        // the `fixed` words are all there, and no word of a new shape
    kBytes,      // the same length, the same bytes outside of `ranges`
    kOrder,      // the same bytes, wherever they stand
    kOpaque,     // nothing can be said
  };
  How how = How::kOpaque;
  std::set<size_t> varying;                       // kWords, kWideWords
  std::set<std::string> fixed;                    // kBag
  std::set<std::string> shapes;                   // kBag: of the words that vary
  std::vector<std::pair<size_t, size_t>> ranges;  // kBytes: begin, end
};

// The pattern that both contents fit; kOpaque where there is none.
FilePattern learn_pattern(std::string_view a, std::string_view b);
// A pattern of both that a third content fits, too.
FilePattern widen(const FilePattern& pattern, std::string_view a, std::string_view third);
bool fits(const FilePattern& pattern, std::string_view reference, std::string_view other);

class Reference {
 public:
  // Two builds of the same. The first is what others are compared with.
  Reference(Artifact first, const Artifact& second);
  // One build, taken for what every other would be.
  explicit Reference(Artifact only);

  bool deterministic() const { return varying_.empty() && unpaired_.empty(); }
  std::vector<std::string> varying_paths() const;

  // A third build of the same. Two may agree by chance: what varies is learned anew from all.
  void check(const Artifact& third);

  // Two builds of another kind that ought to be equal: what is not is opaque from now on.
  void check_equal(const Artifact& one, const Artifact& other);

  Difference compare(const Artifact& other) const;

 private:
  struct Varying {
    std::set<size_t> places;  // of the path's words; empty: the path is always the same
    FilePattern pattern;
  };
  Difference compare_all(const Artifact& other) const;
  std::optional<std::string> partner(const std::string& path, const Varying& varying,
                                     const model::FileTree& tree,
                                     const std::set<std::string>& taken) const;
  void pair_paths(const Artifact& second, const std::set<std::string>& extra);
  void learn(const std::string& path, const std::string& other_path, const Artifact& second,
             std::set<size_t> places);
  bool is_memory(const std::string& path) const;
  bool is_noise_path(const std::string& path) const;

  Artifact first_;
  std::map<std::string, Varying> varying_;  // by the first build's path
  std::set<std::string> unpaired_;          // in one of the builds only, and like none of the other
};

}  // namespace relapse::env
