#pragma once
// Source as tokens, with comments gone and strings told from code: what the scanners of languages
// look at. Tolerant: no text is an error, and each token knows its line.

#include <string>
#include <string_view>
#include <vector>

namespace relapse::env {

enum class TokenKind {
  kWord,
  kNumber,
  kString,    // its content, escapes as they stand
  kTemplate,  // a string with holes: the fixed parts, "${}" for each hole; their tokens follow
  kPunct,
};

struct Token {
  TokenKind kind = TokenKind::kPunct;
  std::string text;
  int line = 0;
};

using Tokens = std::vector<Token>;

// How a language writes what the lexer has to tell apart.
struct LexRules {
  bool slash_comments = false;   // "//" and "/* */"
  bool nested_comments = false;  // "/* /* */ */"
  bool hash_comments = false;
  bool single_quotes_string = false;  // else a character, or a lifetime
  bool backquote_raw = false;
  bool python_strings = false;  // triple quotes, prefixes, holes in f"…"
  bool rust_raw = false;        // r#"…"#
  bool cpp_raw = false;         // R"x(…)x"
};

inline constexpr LexRules kCRules = {.slash_comments = true, .cpp_raw = true};
inline constexpr LexRules kRustRules = {
    .slash_comments = true, .nested_comments = true, .rust_raw = true};
inline constexpr LexRules kGoRules = {.slash_comments = true, .backquote_raw = true};
inline constexpr LexRules kPythonRules = {
    .hash_comments = true, .single_quotes_string = true, .python_strings = true};

Tokens lex(std::string_view text, const LexRules& rules, int first_line = 1);

// JavaScript and TypeScript: template literals, regular expressions, and JSX where `jsx`.
Tokens lex_script(std::string_view text, bool jsx, int first_line = 1);

// The tokens with a cursor that may look anywhere: beyond the ends stand empty tokens.
class TokenView {
 public:
  explicit TokenView(const Tokens& tokens) : tokens_(tokens) {}

  size_t size() const { return tokens_.size(); }
  const Token& at(size_t i) const { return i < tokens_.size() ? tokens_[i] : kNone; }
  bool is(size_t i, std::string_view text) const {
    const Token& token = at(i);
    return (token.kind == TokenKind::kWord || token.kind == TokenKind::kPunct) &&
           token.text == text;
  }
  bool is_kind(size_t i, TokenKind kind) const { return i < size() && tokens_[i].kind == kind; }
  // All of them, one after the other.
  bool match(size_t i, std::initializer_list<std::string_view> texts) const {
    for (auto text : texts) {
      if (!is(i++, text)) {
        return false;
      }
    }
    return true;
  }
  // The index of what closes the bracket at `open`; size() where nothing does.
  size_t closing(size_t open) const;
  // The index of what opens the bracket at `close`; size() where nothing does.
  size_t opening(size_t close) const;

 private:
  static const Token kNone;
  const Tokens& tokens_;
};

bool is_word_start(char c);
bool is_word_part(char c);
// A name that an environment can hold: letters, digits and underscores, no digit first.
bool is_env_name(std::string_view name);

}  // namespace relapse::env
