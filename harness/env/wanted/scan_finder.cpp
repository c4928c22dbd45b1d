#include "wanted/scan_finder.h"

#include <algorithm>
#include <array>
#include <set>

namespace relapse::env {

Place& Finder::add(std::string_view name, int line, std::string_view how, Role role) {
  if (!is_env_name(name)) {
    return nowhere_;
  }
  Place place;
  place.file = file_;
  place.line = line;
  place.how = how;
  place.role = role;
  place.in_test = in_test_;
  findings_.found.push_back({std::string(name), std::move(place)});
  return findings_.found.back().place;
}

void Finder::blind(int line, std::string what) {
  const BlindSpot spot = {file_, line, std::move(what)};
  auto& spots = findings_.blind_spots;
  if (std::find(spots.begin(), spots.end(), spot) == spots.end()) {
    spots.push_back(spot);
  }
}

void Finder::add_prefixes(int line, std::vector<std::string> prefixes) {
  findings_.prefixes.push_back({file_, line, std::move(prefixes)});
}

FileFindings Finder::take() {
  std::set<std::string> set_here;
  for (const auto& found : findings_.found) {
    // `define: {"process.env.X": JSON.stringify(process.env.X)}` hands on what it reads.
    if (found.place.role == Role::kSet && !found.place.to_all) {
      set_here.insert(found.name);
    }
  }
  std::vector<FileFindings::Found> once;
  for (auto& found : findings_.found) {
    found.place.assigned = found.place.role == Role::kRead && set_here.contains(found.name);
    const bool seen = std::any_of(once.begin(), once.end(), [&](const auto& other) {
      return other.name == found.name && other.place == found.place;
    });
    if (!seen) {
      once.push_back(std::move(found));
    }
  }
  findings_.found = std::move(once);
  return std::exchange(findings_, {});
}

namespace {

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(name);
  }
}

// The strings of a list literal that opens at `open`; none where it holds anything else.
std::vector<std::string> strings_of_list(const TokenView& tokens, size_t open) {
  std::vector<std::string> strings;
  const size_t close = tokens.closing(open);
  for (size_t at = open + 1; at < close; ++at) {
    if (tokens.is_kind(at, TokenKind::kString)) {
      add_once(strings, tokens.at(at).text);
    } else if (!tokens.is(at, ",")) {
      return {};
    }
  }
  return strings;
}

bool opens_list(const TokenView& tokens, size_t at) {
  return tokens.is(at, "[") || tokens.is(at, "(") || tokens.is(at, "{");
}

// `at` is where a function's first parameter may be declared: `function f(x`, `def f(x`, `func
// f(x`, `const f = (x`. Then what is passed to it, where it is called with a string.
std::vector<std::string> strings_passed(const TokenView& tokens, size_t at) {
  if (!tokens.is(at - 1, "(")) {
    return {};
  }
  size_t function = at - 2;
  static constexpr std::array<std::string_view, 4> kWords = {"function", "def", "func", "fn"};
  auto declares = [&](size_t word) {
    return std::any_of(kWords.begin(), kWords.end(),
                       [&](auto one) { return tokens.is(word, one); });
  };
  if (tokens.is(function, "async") || declares(function)) {
    --function;  // const f = async (x
  }
  function -= tokens.is(function, "async") ? 1 : 0;
  if (tokens.is(function, "=")) {
    --function;
  } else if (!declares(function - 1)) {
    return {};
  }
  std::vector<std::string> strings;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens.is_kind(function, TokenKind::kWord) && tokens.is(i, tokens.at(function).text) &&
        tokens.is(i + 1, "(") && tokens.is_kind(i + 2, TokenKind::kString)) {
      add_once(strings, tokens.at(i + 2).text);
    }
  }
  return strings;
}

// The strings of what stands at `at`: a string, a list, or the name of one.
std::vector<std::string> strings_at(const TokenView& tokens, size_t at, int depth) {
  if (tokens.is_kind(at, TokenKind::kString)) {
    return {tokens.at(at).text};
  }
  at += tokens.is(at, "&") ? 1 : 0;
  if (opens_list(tokens, at)) {
    return strings_of_list(tokens, at);
  }
  // A list of a list of a list: nobody names variables so.
  constexpr int kDeepest = 3;
  if (!tokens.is_kind(at, TokenKind::kWord) || depth >= kDeepest) {
    return {};
  }
  std::vector<std::string> strings;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens.is(i, tokens.at(at).text) || tokens.is(i - 1, ".")) {
      continue;
    }
    std::vector<std::string> more;
    size_t equals = i + 1;
    if (tokens.is(equals, ":")) {  // a type stands between: const NAME: &str = "X"
      while (equals < i + 12 && !tokens.is(equals, "=") && !tokens.is(equals, ";")) {
        ++equals;
      }
    } else if (tokens.match(equals, {"[", "]"})) {  // a C array
      equals += 2;
    }
    if (auto passed = strings_passed(tokens, i); !passed.empty()) {
      more = std::move(passed);
    } else if (tokens.is(equals, "=") || tokens.is(equals, ":=")) {
      more = strings_at(tokens, equals + 1, depth + 1);
    } else if (tokens.is(i - 1, "define") && tokens.is(i - 2, "#")) {
      more = strings_at(tokens, i + 1, depth + 1);
    } else if (tokens.is(equals, "of") || tokens.is(equals, "in")) {  // for (const x of LIST)
      more = strings_at(tokens, equals + 1, depth + 1);
    } else if (tokens.is(i - 1, "(") || tokens.match(i - 2, {"(", "("})) {
      // LIST.forEach((x) => …)
      const size_t dot = i - (tokens.is(i - 2, "(") ? 4 : 3);
      if (tokens.is(dot, ".") && (tokens.is(equals, "=>") || tokens.is(equals, ")"))) {
        const size_t list = tokens.is(dot - 1, "]") ? tokens.opening(dot - 1) : dot - 1;
        more = strings_at(tokens, list, depth + 1);
      }
    }
    for (const auto& one : more) {
      add_once(strings, one);
    }
  }
  return strings;
}

}  // namespace

std::vector<std::string> strings_of_word(const TokenView& tokens, std::string_view word) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (tokens.is(i, word)) {
      return strings_at(tokens, i, 0);
    }
  }
  return {};
}

}  // namespace relapse::env
