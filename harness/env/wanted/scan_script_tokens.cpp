// JavaScript and its relatives. What tells it from other languages: a "/" may begin a regular
// expression, a template literal holds code, and JSX holds prose in which an apostrophe is no
// string.
#include <algorithm>
#include <array>
#include <cctype>

#include "wanted/scan_cursor.h"
#include "wanted/scan_tokens.h"

namespace relapse::env {

namespace {

class ScriptLexer {
 public:
  ScriptLexer(std::string_view text, bool jsx, int line) : in_(text, line), jsx_(jsx) {}

  Tokens run() {
    while (!in_.done()) {
      code();
      if (!in_.done()) {  // a brace that nothing opened
        add(TokenKind::kPunct, "}", in_.line());
        in_.skip();
      }
    }
    return std::move(out_);
  }

 private:
  // Deeper nesting than anybody writes is read on without a look at what it is.
  static constexpr int kDeepest = 100;

  void add(TokenKind kind, std::string_view text, int line) {
    out_.push_back({kind, std::string(text), line});
  }

  // Up to the brace that closes what the caller opened, which stays; or the end.
  void code() {
    int braces = 0;
    ++depth_;
    while (!in_.done()) {
      if (in_.peek() == '}' && braces == 0) {
        break;
      }
      braces += in_.peek() == '{' ? 1 : in_.peek() == '}' ? -1 : 0;
      step();
    }
    --depth_;
  }

  // Whether an expression may begin here, not an operator.
  bool at_operand() const {
    if (out_.empty()) {
      return true;
    }
    const Token& last = out_.back();
    if (last.kind == TokenKind::kWord) {
      static constexpr std::array<std::string_view, 16> kBefore = {
          "return", "typeof", "case", "in",    "of",    "delete",  "void",   "throw",
          "new",    "else",   "do",   "await", "yield", "default", "export", "instanceof"};
      return std::find(kBefore.begin(), kBefore.end(), last.text) != kBefore.end();
    }
    return last.kind == TokenKind::kPunct && last.text != ")" && last.text != "]" &&
           last.text != "}";
  }

  void step() {
    const char c = in_.peek();
    const int line = in_.line();
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      in_.skip();
    } else if (in_.starts("//") || (in_.position() == 0 && in_.starts("#!"))) {
      in_.until("\n");
    } else if (in_.starts("/*")) {
      in_.skip(2);
      in_.until("*/");
      in_.skip(2);
    } else if (is_word_start(c)) {
      add(TokenKind::kWord, in_.word(), line);
    } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      add(TokenKind::kNumber, in_.number(), line);
    } else if (c == '"' || c == '\'') {
      quoted(c);
    } else if (c == '`') {
      template_literal();
    } else if (c == '/' && at_operand()) {
      regular_expression();
    } else if (c == '<' && jsx_ && at_operand() && opens_element()) {
      element();
    } else {
      const std::string_view op = operator_at(in_);
      // "a ?.5 : b" is a condition.
      const bool condition = op == "?." && std::isdigit(static_cast<unsigned char>(in_.peek(2)));
      add(TokenKind::kPunct, condition ? op.substr(0, 1) : op, line);
      in_.skip(condition ? 1 : op.size());
    }
  }

  void quoted(char quote) {
    const int line = in_.line();
    in_.skip();
    const size_t start = in_.position();
    const size_t end = in_.quote_on_line(quote);
    if (end == std::string_view::npos) {
      return;  // prose, or a text cut short
    }
    in_.skip(end - start);
    add(TokenKind::kString, in_.from(start), line);
    in_.skip();
  }

  void template_literal() {
    const size_t index = out_.size();
    add(TokenKind::kString, "", in_.line());
    in_.skip();
    std::string fixed;
    while (!in_.done() && in_.peek() != '`') {
      if (in_.starts("${") && depth_ < kDeepest) {
        out_[index].kind = TokenKind::kTemplate;
        fixed += "${}";
        add(TokenKind::kPunct, "${", in_.line());
        in_.skip(2);
        code();
        add(TokenKind::kPunct, "}", in_.line());
        in_.skip();
        continue;
      }
      const size_t width = in_.peek() == '\\' ? 2 : 1;
      fixed += in_.rest().substr(0, width);
      in_.skip(width);
    }
    in_.skip();
    out_[index].text = fixed;
  }

  void regular_expression() {
    const int line = in_.line();
    in_.skip();
    bool in_class = false;
    while (!in_.done() && in_.peek() != '\n' && (in_class || in_.peek() != '/')) {
      in_class = in_.peek() == '[' || (in_class && in_.peek() != ']');
      in_.skip(in_.peek() == '\\' ? 2 : 1);
    }
    in_.skip();
    in_.word();  // the flags
    add(TokenKind::kNumber, "/", line);
  }

  bool opens_element() const {
    return depth_ < kDeepest && (in_.peek(1) == '>' || is_word_start(in_.peek(1)));
  }

  // From "<" of the opening tag to ">" of the closing one. Only what stands in braces is code.
  void element() {
    const int line = in_.line();
    ++depth_;
    if (opening_tag()) {
      children();
    }
    --depth_;
    add(TokenKind::kString, "", line);  // a value, for what looks back at it
  }

  // False where the tag closed itself. Comparisons that look like tags end with the text.
  bool opening_tag() {
    in_.skip();
    while (!in_.done() && in_.peek() != '>') {
      if (in_.starts("/>")) {
        in_.skip(2);
        return false;
      }
      if (in_.peek() == '{') {
        braces();
      } else if (in_.peek() == '"' || in_.peek() == '\'') {
        const std::string quote(1, in_.peek());
        in_.skip();
        in_.until(quote);
        in_.skip();
      } else {
        in_.skip();
      }
    }
    in_.skip();
    return true;
  }

  void children() {
    while (!in_.done()) {
      if (in_.peek() == '{') {
        braces();
      } else if (in_.starts("</")) {
        in_.until(">");
        in_.skip();
        return;
      } else if (in_.peek() == '<' && opens_element()) {
        ++depth_;
        if (opening_tag()) {
          children();
        }
        --depth_;
      } else {
        in_.skip();
      }
    }
  }

  void braces() {
    add(TokenKind::kPunct, "{", in_.line());
    in_.skip();
    code();
    add(TokenKind::kPunct, "}", in_.line());
    in_.skip();
  }

  Cursor in_;
  bool jsx_;
  int depth_ = 0;
  Tokens out_;
};

}  // namespace

Tokens lex_script(std::string_view text, bool jsx, int first_line) {
  return ScriptLexer(text, jsx, first_line).run();
}

}  // namespace relapse::env
