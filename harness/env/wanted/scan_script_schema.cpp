#include "wanted/scan_script_schema.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace relapse::env {

namespace {

// As variables are named, and properties of objects are not.
bool is_upper_name(const Token& token) {
  const bool text = token.kind == TokenKind::kWord || token.kind == TokenKind::kString;
  return text && is_env_name(token.text) &&
         std::none_of(token.text.begin(), token.text.end(),
                      [](unsigned char c) { return std::islower(c) != 0; });
}

bool is_key(const TokenView& at, size_t i) {
  return is_upper_name(at.at(i)) && at.is(i + 1, ":") && (at.is(i - 1, "{") || at.is(i - 1, ","));
}

// One past the value that begins at `i`, as an element of a list or an object.
size_t end_of_value(const TokenView& at, size_t i) {
  for (; i < at.size(); ++i) {
    if (at.is(i, "(") || at.is(i, "[") || at.is(i, "{")) {
      i = at.closing(i);
    } else if (at.is(i, ",") || at.is(i, "}") || at.is(i, ")") || at.is(i, "]")) {
      return i;
    }
  }
  return at.size();
}

// z.string().optional(), v.optional(v.string()), num({ default: 1 })
bool may_lack(const TokenView& at, size_t begin, size_t end) {
  static constexpr std::array<std::string_view, 6> kCalls = {"optional", "default",  "catch",
                                                             "nullish",  "prefault", "fallback"};
  for (size_t i = begin; i < end; ++i) {
    const bool named = std::find(kCalls.begin(), kCalls.end(), at.at(i).text) != kCalls.end();
    if (at.is_kind(i, TokenKind::kWord) &&
        ((named && at.is(i + 1, "(")) || at.match(i, {"default", ":"}))) {
      return true;
    }
  }
  return false;
}

// The keys of the object that opens at `open`.
bool add_keys(const TokenView& at, size_t open, const std::string& how, Finder& finder) {
  bool found = false;
  const size_t close = at.closing(open);
  for (size_t i = open + 1; i < close; ++i) {
    if (is_key(at, i)) {
      const size_t end = end_of_value(at, i + 2);
      finder.add(at.at(i).text, at.at(i).line, how).has_default = may_lack(at, i + 2, end);
      found = true;
    }
    i = end_of_value(at, i);
  }
  return found;
}

// The first object literal from `begin` on, before `end` and the statement's end; `end` where there
// is none.
size_t literal_in(const TokenView& at, size_t begin, size_t end) {
  for (size_t i = begin; i < end && !at.is(i, ";"); ++i) {
    if (at.is(i, "{")) {
      return i;
    }
  }
  return end;
}

// Of `const word = z.object({ … })`.
size_t literal_of(const TokenView& at, size_t word) {
  constexpr size_t kNear = 12;  // tokens: z.object(, S.Struct<T>(
  for (size_t i = 0; i < at.size(); ++i) {
    if (at.is(i, at.at(word).text) && at.is(i + 1, "=")) {
      const size_t end = std::min(i + 2 + kNear, at.size());
      const size_t open = literal_in(at, i + 2, end);
      return open < end ? open : at.size();
    }
  }
  return at.size();
}

bool parses(const Token& token) {
  static constexpr std::array<std::string_view, 8> kWords = {
      "parse",    "safeParse",    "parseAsync", "safeParseAsync",
      "validate", "validateSync", "assert",     "cast"};
  return std::find(kWords.begin(), kWords.end(), token.text) != kWords.end();
}

// createEnv({ server: { … }, client: { … }, runtimeEnv: process.env })
bool scan_create_env(const TokenView& at, size_t start, const std::string& how, Finder& finder) {
  bool found = false;
  for (size_t i = 0; i < start; ++i) {
    const bool part = at.is(i, "server") || at.is(i, "client") || at.is(i, "shared");
    if (part && at.match(i + 1, {":", "{"})) {
      found = add_keys(at, i + 2, how, finder) || found;
    }
  }
  return found;
}

}  // namespace

std::set<std::string> names_that_may_lack(const TokenView& at) {
  std::set<std::string> names;
  for (size_t i = 0; i < at.size(); ++i) {
    if (is_key(at, i) && may_lack(at, i + 2, end_of_value(at, i + 2))) {
      names.insert(at.at(i).text);
    }
  }
  return names;
}

bool scan_schema(const TokenView& at, size_t start, size_t end, const std::string& how,
                 Finder& finder) {
  size_t open = at.size();
  if (at.match(start - 2, {"runtimeEnv", ":"})) {
    return scan_create_env(at, start, how, finder);
  }
  if (at.is(start - 1, "(") && at.is(end, ",")) {  // cleanEnv(process.env, { … })
    open = at.is(end + 1, "{")                     ? end + 1
           : at.is_kind(end + 1, TokenKind::kWord) ? literal_of(at, end + 1)
                                                   : open;
  } else if (at.is(start - 1, "(") && parses(at.at(start - 2)) && at.is(start - 3, ".")) {
    const size_t schema = start - 4;  // Schema.parse(process.env), z.object({ … }).parse(…)
    if (at.is(schema, ")")) {
      const size_t found = literal_in(at, at.opening(schema), schema);
      open = found < schema ? found : open;
    } else if (at.is_kind(schema, TokenKind::kWord)) {
      open = literal_of(at, schema);
    }
  } else if (at.is(start - 1, ",") && at.is_kind(start - 2, TokenKind::kWord) &&
             at.is(start - 3, "(")) {  // v.parse(Schema, process.env)
    open = literal_of(at, start - 2);
  }
  return open < at.size() && add_keys(at, open, how, finder);
}

}  // namespace relapse::env
