#include "wanted/scan_tokens.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "wanted/scan_cursor.h"

namespace relapse::env {

const Token TokenView::kNone = {};

bool is_word_start(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalpha(byte) != 0 || c == '_' || c == '$' || byte >= 0x80;
}

bool is_word_part(char c) {
  return is_word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool is_env_name(std::string_view name) {
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || (std::isalnum(byte) == 0 && c != '_')) {
      return false;
    }
  }
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0;
}

namespace {

constexpr std::string_view kOpen = "([{";
constexpr std::string_view kClose = ")]}";

bool is_bracket(const Token& token, std::string_view brackets) {
  return token.kind == TokenKind::kPunct && !token.text.empty() &&
         (token.text.size() == 1 || token.text == "${") &&
         brackets.find(token.text.back()) != std::string_view::npos;
}

}  // namespace

size_t TokenView::closing(size_t open) const {
  int depth = 0;
  for (size_t i = open; i < size(); ++i) {
    depth += is_bracket(tokens_[i], kOpen) ? 1 : 0;
    depth -= is_bracket(tokens_[i], kClose) ? 1 : 0;
    if (depth == 0) {
      return i;
    }
  }
  return size();
}

size_t TokenView::opening(size_t close) const {
  int depth = 0;
  for (size_t i = std::min(close + 1, size()); i-- > 0;) {
    depth += is_bracket(tokens_[i], kClose) ? 1 : 0;
    depth -= is_bracket(tokens_[i], kOpen) ? 1 : 0;
    if (depth == 0) {
      return i;
    }
  }
  return size();
}

std::string_view operator_at(const Cursor& cursor) {
  static constexpr std::array<std::string_view, 21> kOperators = {
      "...", "===", "!==", "?\?=", "||=", "&&=", "?.", "??", "||", "&&", "==",
      "!=",  "=>",  ":=",  "::",   "->",  "<=",  ">=", "+=", "-=", "?:"};
  for (auto one : kOperators) {
    if (cursor.starts(one)) {
      return one;
    }
  }
  return cursor.rest().substr(0, 1);
}

namespace {

class Lexer {
 public:
  Lexer(std::string_view text, const LexRules& rules, int line, int depth)
      : in_(text, line), rules_(rules), depth_(depth) {}

  Tokens run() {
    while (!in_.done()) {
      step();
    }
    return std::move(out_);
  }

 private:
  void add(TokenKind kind, std::string_view text, int line) {
    out_.push_back({kind, std::string(text), line});
  }

  void step() {
    const char c = in_.peek();
    const int line = in_.line();
    if (skip_comment() || skip_space()) {
      return;
    }
    if (rules_.rust_raw && rust_raw_string()) {
      return;
    }
    if (is_word_start(c)) {
      const std::string_view word = in_.word();
      if (!prefixed_string(word)) {
        add(TokenKind::kWord, word, line);
      }
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      add(TokenKind::kNumber, in_.number(), line);
    } else if (c == '"' || (c == '\'' && rules_.single_quotes_string)) {
      quoted(c, false);
    } else if (c == '\'') {
      character();
    } else if (c == '`' && rules_.backquote_raw) {
      in_.skip();
      add(TokenKind::kString, in_.until("`"), line);
      in_.skip();
    } else {
      const std::string_view op = operator_at(in_);
      add(TokenKind::kPunct, op, line);
      in_.skip(op.size());
    }
  }

  bool skip_space() {
    if (std::isspace(static_cast<unsigned char>(in_.peek())) == 0) {
      return false;
    }
    in_.skip();
    return true;
  }

  bool skip_comment() {
    if ((rules_.slash_comments && in_.starts("//")) ||
        (rules_.hash_comments && in_.peek() == '#')) {
      in_.until("\n");
      return true;
    }
    if (!rules_.slash_comments || !in_.starts("/*")) {
      return false;
    }
    int depth = 0;
    do {
      if (in_.starts("/*") && (depth == 0 || rules_.nested_comments)) {
        ++depth;
        in_.skip(2);
      } else if (in_.starts("*/")) {
        --depth;
        in_.skip(2);
      } else {
        in_.skip();
      }
    } while (depth > 0 && !in_.done());
    return true;
  }

  // r"…", r#"…"#, br##"…"##
  bool rust_raw_string() {
    size_t at = in_.peek() == 'b' ? 1 : 0;
    if (in_.peek(at) != 'r') {
      return false;
    }
    std::string end = "\"";
    for (++at; in_.peek(at) == '#'; ++at) {
      end += '#';
    }
    if (in_.peek(at) != '"') {
      return false;
    }
    const int line = in_.line();
    in_.skip(at + 1);
    add(TokenKind::kString, in_.until(end), line);
    in_.skip(end.size());
    return true;
  }

  // A word that turns out to belong to the string after it: L"…", R"(…)", f'…', rb"""…""".
  bool prefixed_string(std::string_view word) {
    const char quote = in_.peek();
    if (rules_.cpp_raw && quote == '"' && !word.empty() && word.back() == 'R' && word.size() <= 3) {
      const int line = in_.line();
      in_.skip();
      const std::string end = ")" + std::string(in_.until("(")) + "\"";
      in_.skip();
      add(TokenKind::kString, in_.until(end), line);
      in_.skip(end.size());
      return true;
    }
    const bool prefix =
        rules_.python_strings
            ? word.size() <= 2 && word.find_first_not_of("rRbBuUfF") == std::string_view::npos
            : word == "L" || word == "u8" || word == "u" || word == "U" || word == "b";
    if (!prefix || (quote != '"' && !(quote == '\'' && rules_.single_quotes_string))) {
      return false;
    }
    quoted(quote, rules_.python_strings && word.find_first_of("fF") != std::string_view::npos);
    return true;
  }

  void quoted(char quote, bool holes) {
    const int line = in_.line();
    const bool triple = rules_.python_strings && in_.peek(1) == quote && in_.peek(2) == quote;
    in_.skip(triple ? 3 : 1);
    const std::string end(triple ? 3 : 1, quote);
    std::string fixed;
    Tokens inside;
    while (!in_.done() && !in_.starts(end) && (triple || in_.peek() != '\n' || rust())) {
      if (holes && in_.peek() == '{' && in_.peek(1) != '{') {
        const Tokens hole = this->hole();
        inside.insert(inside.end(), hole.begin(), hole.end());
        fixed += "${}";
        continue;
      }
      const size_t width = in_.peek() == '\\' || (holes && in_.starts("{{")) ? 2 : 1;
      fixed += in_.rest().substr(0, width);
      in_.skip(width);
    }
    in_.skip(in_.starts(end) ? end.size() : 0);
    add(inside.empty() ? TokenKind::kString : TokenKind::kTemplate, fixed, line);
    out_.insert(out_.end(), inside.begin(), inside.end());
  }

  // Rust's strings go on over the line's end.
  bool rust() const { return rules_.rust_raw; }

  // "{…}" of a formatted string, up to its own closing brace.
  Tokens hole() {
    const int line = in_.line();
    in_.skip();
    const size_t start = in_.position();
    int depth = 1;
    while (!in_.done() && in_.peek() != '\n') {
      depth += in_.peek() == '{' ? 1 : in_.peek() == '}' ? -1 : 0;
      if (depth == 0) {
        break;
      }
      in_.skip();
    }
    Tokens inside;
    if (depth_ < kDeepest) {
      inside = Lexer(in_.from(start), rules_, line, depth_ + 1).run();
    }
    in_.skip();
    inside.insert(inside.begin(), {TokenKind::kPunct, "${", line});
    inside.push_back({TokenKind::kPunct, "}", in_.line()});
    return inside;
  }

  // 'a', '\n'; else a lifetime or a digit separator, and the quote is dropped.
  void character() {
    const int line = in_.line();
    in_.skip();
    size_t width = 1;  // in bytes: UTF-8 goes on with 10xxxxxx
    while ((static_cast<unsigned char>(in_.peek(width)) & 0xc0) == 0x80) {
      ++width;
    }
    const size_t start = in_.position();
    const size_t end = in_.peek() == '\\'        ? in_.quote_on_line('\'')
                       : in_.peek(width) == '\'' ? start + width
                                                 : std::string_view::npos;
    if (end != std::string_view::npos) {
      in_.skip(end - start);
      add(TokenKind::kNumber, in_.from(start), line);
      in_.skip();
    }
  }

  static constexpr int kDeepest = 4;  // formats within formats that anybody still reads

  Cursor in_;
  LexRules rules_;
  Tokens out_;
  int depth_;
};

}  // namespace

Tokens lex(std::string_view text, const LexRules& rules, int first_line) {
  return Lexer(text, rules, first_line, 0).run();
}

}  // namespace relapse::env
