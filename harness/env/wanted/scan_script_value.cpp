#include "wanted/scan_script_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace relapse::env {

namespace {

// Past what only passes the value on: casts, brackets, .trim(), parseInt's radix.
size_t past_wrapping(const TokenView& at, size_t i) {
  for (;;) {
    if (at.is(i, "!") || at.is(i, ")")) {
      ++i;
    } else if (at.is(i, "as") || at.is(i, "satisfies")) {
      i += 2;
    } else if ((at.is(i, ".") || at.is(i, "?.")) && at.is_kind(i + 1, TokenKind::kWord)) {
      i = at.is(i + 2, "(") ? at.closing(i + 2) + 1 : i + 2;
    } else if (at.is(i, ",") && at.is_kind(i + 1, TokenKind::kNumber) && at.is(i + 2, ")")) {
      i += 3;
    } else {
      return i;
    }
  }
}

// fail("X is missing"), process.exit(1): a call whose name says that it does not come back.
bool is_refusal(const TokenView& at, size_t i) {
  std::string name;
  while (at.is_kind(i, TokenKind::kWord) || at.is(i, ".")) {
    name += at.at(i++).text;
  }
  if (!at.is(i, "(")) {
    return false;
  }
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  static constexpr std::array<std::string_view, 10> kRefusals = {
      "throw", "fail", "raise", "error", "panic", "exit", "assert", "missing", "require", "die"};
  return std::any_of(kRefusals.begin(), kRefusals.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

bool is_comparison(const Token& token) {
  return token.kind == TokenKind::kPunct &&
         (token.text == "===" || token.text == "!==" || token.text == "==" || token.text == "!=");
}

bool is_constant(const Token& token) {
  return token.kind == TokenKind::kString || token.kind == TokenKind::kNumber ||
         (token.kind == TokenKind::kWord && (token.text == "true" || token.text == "false"));
}

// "next.config.mjs" in whatever folder.
bool is_config_of(std::string_view tool, std::string_view file) {
  const std::string_view name = file.substr(file.rfind('/') + 1);  // npos + 1 is 0
  return name.starts_with(tool) && name.substr(tool.size()).starts_with(".config.");
}

// Next.js: `env: { A: … }` replaces process.env.A in the app's code.
void defined_by_next(const TokenView& at, size_t open, Finder& finder) {
  const size_t end = at.closing(open);
  bool key = true;
  for (size_t i = open + 1; i < end; ++i) {
    if (key && at.is(i + 1, ":")) {
      finder.add(at.at(i).text, at.at(i).line, "env of next.config", Role::kSet).to_all = true;
    }
    key = at.is(i, ",");
    if (at.is(i, "{") || at.is(i, "(") || at.is(i, "[")) {
      i = std::min(at.closing(i), end);
    }
  }
}

// webpack: new EnvironmentPlugin(["A", "B"]) or ({ A: "default" }).
void scan_environment_plugin(const TokenView& at, size_t open, Finder& finder) {
  const size_t end = at.closing(open);
  for (size_t i = open + 1; i < end; ++i) {
    const Token& token = at.at(i);
    if (at.is(open, "[") && token.kind == TokenKind::kString) {
      finder.add(token.text, token.line, "EnvironmentPlugin");
    } else if (at.is(open, "{") && at.is(i + 1, ":")) {
      finder.add(token.text, token.line, "EnvironmentPlugin").has_default = goes_on(at, i + 2);
      i += 2;
    }
  }
}

}  // namespace

bool has_default(const TokenView& at, size_t end) {
  const size_t i = past_wrapping(at, end);
  const bool alternative = at.is(i, "??") || at.is(i, "||") || at.is(i, "?\?=") || at.is(i, "||=");
  return alternative && goes_on(at, i + 1);
}

bool goes_on(const TokenView& at, size_t i) {
  const Token& token = at.at(i);
  switch (token.kind) {
    case TokenKind::kString:
      return !token.text.empty();
    case TokenKind::kNumber:
    case TokenKind::kTemplate:
      return true;
    case TokenKind::kPunct:
      if (token.text == "(") {
        for (size_t inner = i, end = at.closing(i); inner < end; ++inner) {
          if (at.is(inner, "throw")) {
            return false;
          }
        }
      }
      return token.text == "(" || token.text == "[" || token.text == "{" || token.text == "-";
    case TokenKind::kWord:
      return token.text != "undefined" && token.text != "null" && token.text != "throw" &&
             !is_refusal(at, i);
  }
  return false;
}

bool is_tested(const TokenView& at, size_t start, size_t end) {
  const size_t after = past_wrapping(at, end);
  return (is_comparison(at.at(after)) && is_constant(at.at(after + 1))) ||
         (is_comparison(at.at(start - 1)) && is_constant(at.at(start - 2))) || at.is(end, "?") ||
         at.is(end, "&&") || (at.match(start - 2, {"if", "("}) && at.is(end, ")"));
}

void scan_bundler_setting(const TokenView& at, size_t i, Finder& finder) {
  const Token& token = at.at(i);
  if (token.kind == TokenKind::kString && at.is(i + 1, ":")) {
    for (std::string_view object : {"import.meta.env", "process.env"}) {
      if (token.text == object) {
        finder.blind(token.line, fmt::format("{} as a whole is defined here", object));
      } else if (token.text.starts_with(std::string(object) + ".")) {
        finder.add(token.text.substr(object.size() + 1), token.line, "define", Role::kSet).to_all =
            true;
      }
    }
  } else if (at.match(i, {"envPrefix", ":"})) {
    std::vector<std::string> prefixes;
    const size_t end = at.is(i + 2, "[") ? at.closing(i + 2) : i + 3;
    for (size_t inner = i + 2; inner < end; ++inner) {
      if (at.is_kind(inner, TokenKind::kString)) {
        prefixes.push_back(at.at(inner).text);
      }
    }
    finder.add_prefixes(token.line, std::move(prefixes));
  } else if (at.match(i, {"env", ":", "{"}) && is_config_of("next", finder.file())) {
    defined_by_next(at, i + 2, finder);
  } else if (at.match(i, {"EnvironmentPlugin", "("})) {
    scan_environment_plugin(at, i + 2, finder);
  }
}

}  // namespace relapse::env
