#include "knockout/artifact.h"

#include <algorithm>
#include <array>

namespace relapse::env {

using model::FileEntry;
using model::FileTree;

namespace {

// More than this is compared by its hash alone: it is an image or an archive, not a text.
constexpr size_t kTextBytesMax = size_t{16} << 20;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

// A random key in base64 is one word.
bool is_base64(char c) {
  return is_word(c) || c == '+' || c == '/' || c == '=';
}

using IsWord = bool (*)(char);

// Words and what stands between them, in turns: even indexes are separators (maybe empty).
std::vector<std::string_view> parts_of(std::string_view text, IsWord in_word = is_word) {
  std::vector<std::string_view> parts;
  for (size_t at = 0;;) {
    size_t end = at;
    while (end < text.size() && !in_word(text[end])) {
      ++end;
    }
    parts.push_back(text.substr(at, end - at));
    if (end == text.size()) {
      return parts;
    }
    at = end;
    while (end < text.size() && in_word(text[end])) {
      ++end;
    }
    parts.push_back(text.substr(at, end - at));
    at = end;
  }
}

// The words (by index) in which the two differ; nullopt where they differ in more than words.
std::optional<std::set<size_t>> varying_places(std::string_view a, std::string_view b,
                                               IsWord in_word = is_word) {
  const auto left = parts_of(a, in_word);
  const auto right = parts_of(b, in_word);
  if (left.size() != right.size()) {
    return std::nullopt;
  }
  std::set<size_t> places;
  for (size_t i = 0; i < left.size(); ++i) {
    if (left[i] != right[i]) {
      if (i % 2 == 0) {
        return std::nullopt;
      }
      places.insert(i);
    }
  }
  return places;
}

bool is_subset(const std::set<size_t>& places, const std::set<size_t>& of) {
  return std::includes(of.begin(), of.end(), places.begin(), places.end());
}

// Kinds of characters, not their number: times and ids keep their kind and not their length.
std::string shape_of(std::string_view word) {
  bool digit = false;
  bool letter = false;
  for (char c : word) {
    const bool is_digit = c >= '0' && c <= '9';
    digit = digit || is_digit;
    letter = letter || (!is_digit && c != '-' && c != '_');
  }
  return std::string(digit ? "9" : "") + (letter ? "a" : "");
}

// The texts differ in words alone. Where a long one does it may be a key, which holds "+" and "/"
// now and then: such are taken as one word.
std::optional<FilePattern> learn_words(std::string_view a, std::string_view b) {
  constexpr size_t kKeyLength = 20;
  const auto places = varying_places(a, b);
  const auto wide = varying_places(a, b, is_base64);
  bool has_key = !places;
  const auto parts = parts_of(a);
  for (size_t i : places.value_or(std::set<size_t>())) {
    has_key = has_key || parts[i].size() >= kKeyLength;
  }
  FilePattern pattern;
  if (has_key && wide) {
    pattern.how = FilePattern::How::kWideWords;
    pattern.varying = *wide;
  } else if (places) {
    pattern.how = FilePattern::How::kWords;
    pattern.varying = *places;
  } else {
    return std::nullopt;
  }
  return pattern;
}

std::set<std::string> words_of(std::string_view text) {
  const auto parts = parts_of(text);
  std::set<std::string> words;
  for (size_t i = 1; i < parts.size(); i += 2) {
    words.insert(std::string(parts[i]));
  }
  return words;
}

FilePattern learn_bag(std::string_view a, std::string_view b) {
  FilePattern pattern;
  const auto left = words_of(a);
  const auto right = words_of(b);
  std::set_intersection(left.begin(), left.end(), right.begin(), right.end(),
                        std::inserter(pattern.fixed, pattern.fixed.end()));
  for (const auto* words : {&left, &right}) {
    for (const auto& word : *words) {
      if (!pattern.fixed.contains(word)) {
        pattern.shapes.insert(shape_of(word));
      }
    }
  }
  // Numbers come and go: that some are in both says nothing.
  if (pattern.shapes.contains("9")) {
    std::erase_if(pattern.fixed, [](const std::string& word) { return shape_of(word) == "9"; });
  }
  // Plain words that come and go are content, not noise.
  pattern.how = pattern.shapes.contains("a") ? FilePattern::How::kOpaque : FilePattern::How::kBag;
  return pattern;
}

bool same_bytes(std::string_view a, std::string_view b) {
  std::array<std::ptrdiff_t, 256> counts{};
  for (unsigned char c : a) {
    ++counts[c];
  }
  for (unsigned char c : b) {
    --counts[c];
  }
  return std::all_of(counts.begin(), counts.end(), [](auto count) { return count == 0; });
}

FilePattern learn_bytes(std::string_view a, std::string_view b) {
  FilePattern pattern;
  if (same_bytes(a, b)) {
    pattern.how = FilePattern::How::kOrder;
    return pattern;
  }
  if (a.size() != b.size()) {
    return pattern;
  }
  // Two values agree in some bytes by chance, so what lies close together is one value.
  constexpr size_t kNear = 8;
  size_t varying = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) {
      continue;
    }
    ++varying;
    if (!pattern.ranges.empty() && i - pattern.ranges.back().second <= kNear) {
      pattern.ranges.back().second = i + 1;
    } else {
      pattern.ranges.emplace_back(i, i + 1);
    }
  }
  // Where most of it varies (encrypted, compressed) what is left says nothing.
  pattern.how = varying * 4 <= a.size() ? FilePattern::How::kBytes : FilePattern::How::kOpaque;
  return pattern;
}

// What one of the two says to vary, as long as it stays a small part of the whole.
FilePattern widen_bytes(const FilePattern& pattern, const FilePattern& other, size_t size) {
  if (other.how != FilePattern::How::kBytes) {
    return {};
  }
  auto ranges = pattern.ranges;
  ranges.insert(ranges.end(), other.ranges.begin(), other.ranges.end());
  std::sort(ranges.begin(), ranges.end());
  FilePattern wider;
  size_t varying = 0;
  for (const auto& [begin, end] : ranges) {
    const size_t covered = wider.ranges.empty() ? 0 : wider.ranges.back().second;
    varying += end - std::min(end, std::max(begin, covered));
    if (!wider.ranges.empty() && begin <= covered) {
      wider.ranges.back().second = std::max(covered, end);
    } else {
      wider.ranges.emplace_back(begin, end);
    }
  }
  wider.how = varying * 2 <= size ? FilePattern::How::kBytes : FilePattern::How::kOpaque;
  return wider;
}

bool fits_bytes(const FilePattern& pattern, std::string_view reference, std::string_view other) {
  if (reference.size() != other.size()) {
    return false;
  }
  size_t at = 0;
  for (const auto& [begin, end] : pattern.ranges) {
    if (reference.substr(at, begin - at) != other.substr(at, begin - at)) {
      return false;
    }
    at = end;
  }
  return reference.substr(at) == other.substr(at);
}

bool fits_bag(const FilePattern& pattern, std::string_view other) {
  const auto words = words_of(other);
  return std::includes(words.begin(), words.end(), pattern.fixed.begin(), pattern.fixed.end()) &&
         std::all_of(words.begin(), words.end(), [&](const std::string& word) {
           return pattern.fixed.contains(word) || pattern.shapes.contains(shape_of(word));
         });
}

// The folder of a tool's own memory that the path lies in, with its slash; empty where it does not.
std::string cache_of(const std::string& path) {
  for (size_t at = 0, end = 0; (end = path.find('/', at)) != std::string::npos; at = end + 1) {
    const std::string part = path.substr(at, end - at);
    if (part == "cache" || part == ".cache") {
      return path.substr(0, end + 1);
    }
  }
  return "";
}

// All but the content: what cannot vary by itself.
bool same_kind(const FileEntry& a, const FileEntry& b) {
  return a.kind == b.kind && a.mode == b.mode;
}

std::optional<std::string> content(const Artifact& artifact, const std::string& path) {
  auto entry = artifact.tree.find(path);
  if (entry == artifact.tree.end() || !artifact.read) {
    return std::nullopt;
  }
  if (entry->second.kind == FileEntry::Kind::kLink) {
    return entry->second.link;
  }
  return entry->second.bytes <= kTextBytesMax ? artifact.read(path) : std::nullopt;
}

}  // namespace

FilePattern learn_pattern(std::string_view a, std::string_view b) {
  if (a.find('\0') != std::string_view::npos || b.find('\0') != std::string_view::npos) {
    return learn_bytes(a, b);
  }
  return learn_words(a, b).value_or(learn_bag(a, b));
}

bool fits(const FilePattern& pattern, std::string_view reference, std::string_view other) {
  switch (pattern.how) {
    case FilePattern::How::kWords:
    case FilePattern::How::kWideWords: {
      const bool wide = pattern.how == FilePattern::How::kWideWords;
      auto places = varying_places(reference, other, wide ? is_base64 : is_word);
      return places && is_subset(*places, pattern.varying);
    }
    case FilePattern::How::kBag:
      return fits_bag(pattern, other);
    case FilePattern::How::kBytes:
      return fits_bytes(pattern, reference, other);
    case FilePattern::How::kOrder:
      return same_bytes(reference, other);
    case FilePattern::How::kOpaque:
      return false;
  }
  return false;
}

FilePattern widen(const FilePattern& pattern, std::string_view a, std::string_view third) {
  FilePattern wider = pattern;
  if (pattern.how == FilePattern::How::kBytes) {
    return widen_bytes(pattern, learn_bytes(a, third), a.size());
  }
  if (pattern.how == FilePattern::How::kOrder) {
    return learn_bytes(a, third);
  }
  const bool wide = pattern.how == FilePattern::How::kWideWords;
  if (wide || pattern.how == FilePattern::How::kWords) {
    if (auto places = varying_places(a, third, wide ? is_base64 : is_word)) {
      wider.varying.merge(*places);
      return wider;
    }
    if (auto words = wide ? std::nullopt : learn_words(a, third)) {
      return *words;
    }
  } else if (pattern.how != FilePattern::How::kBag) {
    return {};
  }
  FilePattern bag = learn_bag(a, third);
  if (pattern.how == FilePattern::How::kBag) {
    bag.shapes.insert(pattern.shapes.begin(), pattern.shapes.end());
    std::erase_if(bag.fixed,
                  [&](const std::string& word) { return !pattern.fixed.contains(word); });
  }
  return bag;
}

Reference::Reference(Artifact only) : first_(std::move(only)) {}

Reference::Reference(Artifact first, const Artifact& second) : first_(std::move(first)) {
  std::set<std::string> extra;
  for (const auto& [path, entry] : second.tree) {
    if (!first_.tree.contains(path)) {
      extra.insert(path);
    }
  }
  for (const auto& [path, entry] : first_.tree) {
    auto other = second.tree.find(path);
    if (other != second.tree.end() && !(other->second == entry)) {
      learn(path, path, second, {});
    }
  }
  pair_paths(second, extra);
}

void Reference::pair_paths(const Artifact& second, const std::set<std::string>& extra) {
  std::set<std::string> taken;
  for (const auto& [path, entry] : first_.tree) {
    if (second.tree.contains(path)) {
      continue;
    }
    const std::string* best = nullptr;
    std::set<size_t> best_places;
    for (const auto& candidate : extra) {
      auto places = varying_places(path, candidate);
      if (!taken.contains(candidate) && places && same_kind(entry, second.tree.at(candidate)) &&
          (best == nullptr || places->size() < best_places.size())) {
        best = &candidate;
        best_places = std::move(*places);
      }
    }
    if (best == nullptr) {
      unpaired_.insert(path);
      continue;
    }
    taken.insert(*best);
    learn(path, *best, second, std::move(best_places));
  }
  for (const auto& path : extra) {
    if (!taken.contains(path)) {
      unpaired_.insert(path);
    }
  }
}

void Reference::learn(const std::string& path, const std::string& other_path,
                      const Artifact& second, std::set<size_t> places) {
  Varying varying;
  varying.places = std::move(places);
  const FileEntry& one = first_.tree.at(path);
  const FileEntry& two = second.tree.at(other_path);
  if (one == two) {
    varying.pattern.how = FilePattern::How::kWords;  // nothing in it varies
  } else if (same_kind(one, two)) {
    auto a = content(first_, path);
    auto b = content(second, other_path);
    if (a && b) {
      varying.pattern = learn_pattern(*a, *b);
    }
  }
  varying_[path] = std::move(varying);
}

std::vector<std::string> Reference::varying_paths() const {
  std::set<std::string> paths = unpaired_;
  for (const auto& [path, varying] : varying_) {
    paths.insert(path);
  }
  return {paths.begin(), paths.end()};
}

std::optional<std::string> Reference::partner(const std::string& path, const Varying& varying,
                                              const FileTree& tree,
                                              const std::set<std::string>& taken) const {
  if (varying.places.empty()) {
    return tree.contains(path) ? std::optional(path) : std::nullopt;
  }
  for (const auto& [candidate, entry] : tree) {
    auto places = varying_places(path, candidate);
    if (places && is_subset(*places, varying.places) && !taken.contains(candidate) &&
        same_kind(entry, first_.tree.at(path))) {
      return candidate;
    }
  }
  return std::nullopt;
}

// Like a path that was in one reference and had no like in the other.
bool Reference::is_noise_path(const std::string& path) const {
  return std::any_of(unpaired_.begin(), unpaired_.end(), [&](const std::string& noise) {
    return path == noise || varying_places(path, noise).has_value();
  });
}

// In a cache of which something varies by itself.
bool Reference::is_memory(const std::string& path) const {
  const std::string cache = cache_of(path);
  auto varies = [&](const std::string& noise) { return noise.starts_with(cache); };
  return !cache.empty() && (std::any_of(unpaired_.begin(), unpaired_.end(), varies) ||
                            std::any_of(varying_.begin(), varying_.end(),
                                        [&](const auto& one) { return varies(one.first); }));
}

Difference Reference::compare(const Artifact& other) const {
  Difference difference = compare_all(other);
  auto is_memory = [this](const std::string& path) { return this->is_memory(path); };
  std::erase_if(difference.paths, is_memory);
  std::erase_if(difference.opaque, is_memory);
  return difference;
}

Difference Reference::compare_all(const Artifact& other) const {
  Difference difference;
  std::set<std::string> taken;
  for (const auto& [path, entry] : first_.tree) {
    auto varying = varying_.find(path);
    if (unpaired_.contains(path)) {
      continue;
    }
    if (varying == varying_.end()) {
      auto found = other.tree.find(path);
      if (found == other.tree.end() || !(found->second == entry)) {
        difference.paths.push_back(path);
      }
      taken.insert(path);
      continue;
    }
    auto mate = partner(path, varying->second, other.tree, taken);
    if (!mate) {
      difference.paths.push_back(path);
      continue;
    }
    taken.insert(*mate);
    const FilePattern& pattern = varying->second.pattern;
    if (other.tree.at(*mate) == entry) {
      continue;
    }
    auto a = content(first_, path);
    auto b = content(other, *mate);
    if (pattern.how == FilePattern::How::kOpaque && a && b && same_bytes(*a, *b)) {
      continue;
    }
    if (pattern.how == FilePattern::How::kOpaque || !a || !b) {
      difference.opaque.push_back(path);
    } else if (!same_kind(other.tree.at(*mate), entry) || !fits(pattern, *a, *b)) {
      // Of a log whose parts come and go, one more that did so says nothing of the build.
      const bool log = pattern.how == FilePattern::How::kBag;
      (log ? difference.opaque : difference.paths).push_back(path);
    }
  }
  for (const auto& [path, entry] : other.tree) {
    if (!taken.contains(path) && !is_noise_path(path)) {
      difference.paths.push_back(path);
    }
  }
  if (!unpaired_.empty() && difference.paths.empty()) {
    difference.opaque.insert(difference.opaque.end(), unpaired_.begin(), unpaired_.end());
  }
  return difference;
}

void Reference::check(const Artifact& third) {
  const auto difference = compare_all(third);
  for (const auto& path : difference.paths) {
    auto known = varying_.find(path);
    const bool path_varies = known != varying_.end() && !known->second.places.empty();
    if (first_.tree.contains(path) && third.tree.contains(path) && !path_varies) {
      auto a = content(first_, path);
      auto c = content(third, path);
      FilePattern pattern;
      if (a && c) {
        pattern =
            known != varying_.end() ? widen(known->second.pattern, *a, *c) : learn_pattern(*a, *c);
      }
      varying_[path].pattern = std::move(pattern);
    } else {
      unpaired_.insert(path);
    }
  }
}

void Reference::check_equal(const Artifact& one, const Artifact& other) {
  auto entry_of = [](const Artifact& artifact, const std::string& path) -> const FileEntry* {
    auto found = artifact.tree.find(path);
    return found == artifact.tree.end() ? nullptr : &found->second;
  };
  for (const auto& [path, entry] : first_.tree) {
    const FileEntry* left = entry_of(one, path);
    const FileEntry* right = entry_of(other, path);
    const bool equal = left != nullptr && right != nullptr ? *left == *right : left == right;
    if (!equal && !varying_.contains(path)) {
      varying_[path].pattern = {};
    }
  }
}

}  // namespace relapse::env
