#include "reports/markdown_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "reports/text.h"

namespace relapse::reports {

namespace {

constexpr size_t kShortestFence = 3;

bool is_word(const std::string& text, size_t at) {
  const bool inside = at < text.size();
  return inside && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
}

std::string escaped(const std::string& text, size_t at) {
  const char c = text[at];
  switch (c) {
    // As entities, for a backslash does not reach into tables and HTML alike.
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '|':
      return "&#124;";
    case '\\':
    case '`':
    case '*':
    case '[':
    case ']':
    case '~':
    case '$':
      return {'\\', c};
    case '_':  // within a word it is no markup, and paths stay readable
      return at > 0 && is_word(text, at - 1) && is_word(text, at + 1) ? "_" : "\\_";
    default:
      return {c};
  }
}

// At the start of a line these would make a heading, a list or a rule: "#", "-", "+", "=", "1.".
size_t line_marker(const std::string& text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits != std::string::npos && digits > 0 && (text[digits] == '.' || text[digits] == ')') &&
      (digits + 1 == text.size() || text[digits + 1] == ' ')) {
    return digits;
  }
  return !text.empty() && std::string_view("#-+=").find(text[0]) != std::string_view::npos
             ? 0
             : std::string::npos;
}

size_t longest_run(std::string_view text, char wanted) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) {
    run = c == wanted ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  return longest;
}

}  // namespace

std::string markdown_inline(std::string_view text) {
  std::string shown = visible(text, Lines::kOne);
  const size_t first = std::min(shown.find_first_not_of(' '), shown.size());
  shown.erase(0, first);  // four spaces would make a block of code
  const size_t marker = line_marker(shown);
  std::string out;
  for (size_t i = 0; i < shown.size(); ++i) {
    out += i == marker ? std::string{'\\', shown[i]} : escaped(shown, i);
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  const std::string shown = markdown_inline(text);
  return shown.empty() ? "" : fmt::format("<code>{}</code>", shown);
}

std::string markdown_block(std::string_view text, std::string_view language) {
  std::string shown = visible(text, Lines::kMany);
  if (!shown.ends_with('\n')) {
    shown += '\n';
  }
  const std::string fence(std::max(kShortestFence, longest_run(shown, '`') + 1), '`');
  return fmt::format("{}{}\n{}{}\n", fence, language, shown, fence);
}

std::string markdown_row(const std::vector<std::string>& cells) {
  return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string markdown_table_head(const std::vector<std::string>& cells) {
  return markdown_row(cells) + markdown_row(std::vector<std::string>(cells.size(), "---"));
}

}  // namespace relapse::reports
