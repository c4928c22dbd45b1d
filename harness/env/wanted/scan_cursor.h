#pragma once
// The text under a lexer: a position that knows its line.

#include <algorithm>
#include <string>
#include <string_view>

#include "wanted/scan_tokens.h"

namespace relapse::env {

class Cursor {
 public:
  Cursor(std::string_view text, int line) : text_(text), line_(line) {}

  bool done() const { return at_ >= text_.size(); }
  size_t position() const { return at_; }
  int line() const { return line_; }
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool starts(std::string_view with) const { return text_.substr(at_, with.size()) == with; }
  // Also for a position beyond the end, which an escape at the end of a text leads to.
  std::string_view from(size_t start) const {
    return text_.substr(start, at_ > start ? at_ - start : 0);
  }
  std::string_view rest() const { return text_.substr(at_); }

  void skip(size_t count = 1) {
    const size_t end = std::min(at_ + count, text_.size());
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
  }
  // Up to `mark`, or the end of the text.
  std::string_view until(std::string_view mark) {
    const size_t found = text_.find(mark, at_);
    const size_t start = at_;
    skip((found == std::string_view::npos ? text_.size() : found) - at_);
    return from(start);
  }
  std::string_view word() {
    const size_t start = at_;
    while (!done() && is_word_part(peek())) {
      skip();
    }
    return from(start);
  }
  // 1.5e3, 0x1f, 10n: as one.
  std::string_view number() {
    const size_t start = at_;
    while (!done() && (is_word_part(peek()) || peek() == '.')) {
      skip();
    }
    return from(start);
  }
  // The quote that ends a string beginning here after its opening one; npos where the line ends
  // first.
  size_t quote_on_line(char quote) const {
    for (size_t i = at_; i < text_.size() && text_[i] != '\n'; ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        return i;
      }
    }
    return std::string_view::npos;
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  int line_;
};

// Operators that are one token, longest first.
std::string_view operator_at(const Cursor& cursor);

}  // namespace relapse::env
