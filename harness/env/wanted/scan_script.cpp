// JavaScript and TypeScript: what is taken from import.meta.env and process.env, by whatever way.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "wanted/scan_finder.h"
#include "wanted/scan_script_schema.h"
#include "wanted/scan_script_value.h"

namespace relapse::env {

namespace {

struct EnvObject {
  size_t end = 0;  // one past its last token; 0: no such object begins here
  std::string how;
};

class ScriptScan {
 public:
  ScriptScan(const Tokens& tokens, Finder& finder)
      : at_(tokens), finder_(finder), may_lack_(names_that_may_lack(at_)) {}

  void run() {
    for (size_t i = 0; i < at_.size(); ++i) {
      imports(i);
      if (const EnvObject object = env_object(i); object.end != 0) {
        find_alias(i, object);
      }
    }
    for (size_t i = 0; i < at_.size(); ++i) {
      scan_bundler_setting(at_, i, finder_);
      if (const EnvObject object = env_object(i); object.end != 0) {
        use(i, object);
        i = object.end - 1;
      }
    }
  }

 private:
  struct Alias {
    std::string word;
    std::string how;
  };

  EnvObject env_object(size_t i) const {
    if (at_.at(i).kind != TokenKind::kWord) {
      return {};
    }
    if (at_.match(i, {"import", ".", "meta"})) {
      size_t next = i + 3;
      if (at_.is(next, "as")) {  // (import.meta as any).env
        next = at_.is(next + 2, ")") ? next + 3 : next;
      }
      return (at_.is(next, ".") || at_.is(next, "?.")) && at_.is(next + 1, "env")
                 ? EnvObject{next + 2, "import.meta.env"}
                 : EnvObject{};
    }
    for (std::string_view owner : {"process", "Bun", "Deno"}) {
      if (at_.is(i, owner) && (at_.is(i + 1, ".") || at_.is(i + 1, "?.")) && at_.is(i + 2, "env")) {
        return {i + 3, fmt::format("{}.env", owner)};
      }
    }
    if (at_.is(i, "loadEnv") && at_.is(i + 1, "(") && !at_.is(i - 1, "function")) {
      return {std::min(at_.closing(i + 1) + 1, at_.size()), "loadEnv"};
    }
    if (at_.is(i - 1, ".") || at_.is(i - 1, "?.") || at_.is(i + 1, ":")) {
      return {};
    }
    for (const auto& alias : aliases_) {
      if (at_.is(i, alias.word)) {
        return {i + 1, alias.how};
      }
    }
    return {};
  }

  // The index before the object, with what only wraps it skipped.
  size_t before(size_t i) const {
    size_t at = i - 1;
    while (at_.is(at, "(") || at_.is(at, "await")) {
      --at;
    }
    return at;
  }

  // const env = import.meta.env, with or without a type; the index of the word, or none.
  void find_alias(size_t i, const EnvObject& object) {
    const size_t equals = before(i);
    if (!at_.is(equals, "=") || member_follows(object.end)) {
      return;
    }
    size_t word = equals - 1;
    if (at_.is(word - 1, ":") && at_.is_kind(word - 2, TokenKind::kWord)) {
      word -= 2;
    }
    const bool declared = at_.is(word - 1, "const") || at_.is(word - 1, "let") ||
                          at_.is(word - 1, "var") || at_.is(word - 1, ",");
    if (at_.is_kind(word, TokenKind::kWord) && declared) {
      aliases_.push_back({at_.at(word).text, object.how});
      alias_places_.insert(word);
    }
  }

  bool member_follows(size_t end) const {
    return at_.is(end, ".") || at_.is(end, "?.") || at_.is(end, "[");
  }

  // import { PUBLIC_X } from "$env/static/public", import { env } from "node:process", and
  // const { env } = process.
  void imports(size_t i) {
    if (at_.match(i, {"{", "env", "}", "=", "process"}) && !at_.is(i + 5, ".")) {
      aliases_.push_back({"env", "process.env"});
      return;
    }
    if (!at_.is(i, "from") || !at_.is_kind(i + 1, TokenKind::kString) || !at_.is(i - 1, "}")) {
      return;
    }
    const std::string& module = at_.at(i + 1).text;
    const bool process = module == "process" || module == "node:process";
    const bool dynamic = module.starts_with("$env/dynamic/");
    const bool named = module.starts_with("$env/static/") || module.starts_with("astro:env/");
    if (!process && !dynamic && !named) {
      return;
    }
    for (size_t at = at_.opening(i - 1) + 1; at < i - 1; ++at) {
      const bool renamed = at_.is(at + 1, "as");
      const Token& word = at_.at(at);
      if (word.kind != TokenKind::kWord || word.text == "type") {
        continue;
      }
      if (named) {
        finder_.add(word.text, word.line, module);
      } else if (word.text == "env") {
        aliases_.push_back(
            {at_.at(renamed ? at + 2 : at).text, process ? std::string("process.env") : module});
      }
      at += renamed ? 2 : 0;
    }
  }

  void use(size_t i, const EnvObject& object) {
    if (alias_places_.contains(i)) {
      return;
    }
    size_t next = object.end;
    next += at_.is(next, "!") ? 1 : 0;
    if (object.how == "Deno.env") {
      deno(i, next);
    } else if ((at_.is(next, ".") || at_.is(next, "?.")) &&
               at_.is_kind(next + 1, TokenKind::kWord)) {
      member(i, next + 1, object.how);
    } else if (at_.is(next, "[") || at_.match(next, {"?.", "["})) {
      element(i, at_.is(next, "[") ? next : next + 1, object.how);
    } else {
      whole(i, object);
    }
  }

  // Deno.env.get("X")
  void deno(size_t i, size_t next) {
    if (at_.match(next, {".", "get", "("}) && at_.is_kind(next + 3, TokenKind::kString)) {
      value(at_.at(next + 3).text, i, next + 5, "Deno.env");
    } else if (at_.match(next, {".", "get", "("}) || at_.match(next, {".", "toObject"})) {
      finder_.blind(at_.at(i).line, "Deno.env with a name built at run time");
    }
  }

  void member(size_t i, size_t word, const std::string& how) {
    const std::string& name = at_.at(word).text;
    if (name == "hasOwnProperty" && at_.is(word + 1, "(")) {
      if (at_.is_kind(word + 2, TokenKind::kString)) {
        finder_.add(at_.at(word + 2).text, at_.at(i).line, how).folded = true;
      }
      return;
    }
    value(name, word, word + 1, how, i);
  }

  void element(size_t i, size_t open, const std::string& how) {
    const size_t close = at_.closing(open);
    const Token& key = at_.at(open + 1);
    if (close == open + 2 && key.kind == TokenKind::kString) {
      value(key.text, open + 1, close + 1, how, i);
      return;
    }
    if (close == open + 2 && key.kind == TokenKind::kWord) {
      const auto names = strings_of_word(at_, key.text);
      for (const auto& name : names) {
        value(name, open + 1, close + 1, how, i);
      }
      if (!names.empty()) {
        return;
      }
    }
    const bool pattern = key.kind == TokenKind::kTemplate;
    finder_.blind(at_.at(i).line,
                  pattern ? fmt::format("{}[`{}`]: a name built at run time", how, key.text)
                          : fmt::format("{}[…]: a name built at run time", how));
  }

  // One name's value, between `start` (of the object) and `end`, one past its last token.
  void value(std::string_view name, size_t word, size_t end, const std::string& how,
             size_t start = SIZE_MAX) {
    start = start == SIZE_MAX ? word : start;
    const int line = at_.at(word).line;
    if (at_.is(start - 1, "delete")) {
      return;
    }
    if (at_.is(end, "=")) {
      finder_.add(name, line, how, Role::kSet);
      return;
    }
    Place& place = finder_.add(name, line, how);
    place.has_default = has_default(at_, end) || may_lack_.contains(std::string(name));
    place.folded = is_tested(at_, start, end);
  }

  void whole(size_t i, const EnvObject& object) {
    const size_t equals = before(i);
    const int line = at_.at(i).line;
    if (at_.is(equals, "in") && at_.is_kind(equals - 1, TokenKind::kString)) {
      finder_.add(at_.at(equals - 1).text, line, object.how).folded = true;
      return;
    }
    if (at_.is(equals, "=")) {
      size_t close = equals - 1;
      if (at_.is_kind(close, TokenKind::kWord) && at_.is(close - 1, ":")) {
        close -= 2;
      }
      if (at_.is(close, "}")) {
        pattern(at_.opening(close), close, object.how);
        return;
      }
      if (alias_places_.contains(close) || is_alias_declaration(close)) {
        return;
      }
    }
    if (object.how == "loadEnv" || is_parameter(i) ||
        scan_schema(at_, i, object.end, object.how, finder_)) {
      return;
    }
    finder_.blind(
        line, fmt::format("{} as a whole: which names are taken is decided elsewhere", object.how));
  }

  bool is_alias_declaration(size_t word) const {
    for (size_t at = word; at + 4 > word; --at) {
      if (alias_places_.contains(at)) {
        return true;
      }
    }
    return false;
  }

  // An alias' word where it names something of its own: a parameter, a member of a pattern.
  bool is_parameter(size_t i) const {
    return at_.is(i + 1, "=>") || (at_.is(i - 1, "{") && at_.is(i + 1, "}"));
  }

  // { A, B: b, C = "d", ...rest } from `open` to `close`.
  void pattern(size_t open, size_t close, const std::string& how) {
    for (size_t at = open + 1; at < close; ++at) {
      size_t end = at;
      size_t fallback = 0;
      for (; end < close && !at_.is(end, ","); ++end) {
        if (at_.is(end, "{") || at_.is(end, "[") || at_.is(end, "(")) {
          end = std::min(at_.closing(end), close - 1);
        } else if (at_.is(end, "=") && fallback == 0) {
          fallback = end + 1;
        }
      }
      const Token& key = at_.at(at);
      if (at_.is(at, "...")) {
        finder_.blind(key.line, fmt::format("{}: the rest is taken as a whole", how));
      } else if (at_.is(at, "[")) {
        finder_.blind(key.line, fmt::format("{}[…]: a name built at run time", how));
      } else if (key.kind == TokenKind::kWord || key.kind == TokenKind::kString) {
        finder_.add(key.text, key.line, how).has_default = fallback != 0 && goes_on(at_, fallback);
      }
      at = end;
    }
  }

  TokenView at_;
  Finder& finder_;
  std::set<std::string> may_lack_;
  std::vector<Alias> aliases_;
  std::set<size_t> alias_places_;
};

}  // namespace

void scan_script_tokens(const Tokens& tokens, Finder& finder) {
  ScriptScan(tokens, finder).run();
}

void scan_typescript(std::string_view text, Finder& finder) {
  scan_script_tokens(lex_script(text, false), finder);
}

void scan_javascript(std::string_view text, Finder& finder) {
  scan_script_tokens(lex_script(text, true), finder);
}

}  // namespace relapse::env
