#include "contract/rename.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "model/nearest.h"

namespace relapse::env {

namespace {

// What bundlers want in front of a name that code of the browser may see; the longest first.
constexpr std::array<std::string_view, 10> kBundlers = {
    "EXPO_PUBLIC_", "NEXT_PUBLIC_", "NUXT_PUBLIC_", "STORYBOOK_", "REACT_APP_",
    "VUE_APP_",     "NG_APP_",      "GATSBY_",      "PUBLIC_",    "VITE_"};

// Two of three words are the same: API_URL and API_BASE_URL are near, API_URL and APP_URL are not.
constexpr double kNearEnough = 0.6;

std::string_view without_prefix(std::string_view name, const std::vector<std::string>& prefixes) {
  for (const auto& prefix : prefixes) {
    if (!prefix.empty() && name.size() > prefix.size() && name.starts_with(prefix)) {
      return name.substr(prefix.size());
    }
  }
  for (const auto prefix : kBundlers) {
    if (name.size() > prefix.size() && name.starts_with(prefix)) {
      return name.substr(prefix.size());
    }
  }
  return name;
}

std::set<std::string_view> words_of(std::string_view name) {
  std::set<std::string_view> words;
  while (!name.empty()) {
    const size_t end = std::min(name.find('_'), name.size());
    if (end > 0) {
      words.insert(name.substr(0, end));
    }
    name.remove_prefix(std::min(end + 1, name.size()));
  }
  return words;
}

// The share of words that both have (Jaccard's index).
double nearness(const std::set<std::string_view>& a, const std::set<std::string_view>& b) {
  const auto both = std::count_if(a.begin(), a.end(), [&](auto word) { return b.contains(word); });
  const auto all = static_cast<double>(a.size() + b.size()) - static_cast<double>(both);
  return all > 0 ? static_cast<double>(both) / all : 0;
}

}  // namespace

std::string probable_rename(const std::string& name, const std::vector<std::string>& candidates,
                            const std::vector<std::string>& prefixes) {
  const auto words = words_of(without_prefix(name, prefixes));
  std::string best;
  double best_nearness = 0;
  for (const auto& candidate : candidates) {
    const double near = nearness(words, words_of(without_prefix(candidate, prefixes)));
    if (near > best_nearness) {
      best = candidate;
      best_nearness = near;
    }
  }
  return best_nearness >= kNearEnough ? best : model::nearest_name(name, candidates);
}

}  // namespace relapse::env
