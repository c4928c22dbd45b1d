#include "reports/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "model/utf8.h"

namespace relapse::reports {

namespace {

using model::CodePoint;
using model::decode_utf8;

struct Range {
  char32_t first;
  char32_t last;
};

// Direction marks, embeddings and isolates; line separators; what XML 1.0 forbids above U+FFFD.
constexpr std::array<Range, 7> kActing = {{{0x80, 0x9F},
                                           {0x61C, 0x61C},
                                           {0x200E, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2066, 0x2069},
                                           {0xFEFF, 0xFEFF},
                                           {0xFFFE, 0xFFFF}}};

// Combining marks, joiners and variation selectors.
constexpr std::array<Range, 8> kNoWidth = {{{0x300, 0x36F},
                                            {0x483, 0x489},
                                            {0x1AB0, 0x1AFF},
                                            {0x1DC0, 0x1DFF},
                                            {0x200B, 0x200D},
                                            {0x20D0, 0x20FF},
                                            {0xFE00, 0xFE0F},
                                            {0xE0100, 0xE01EF}}};

// East Asian wide and full-width blocks, and the blocks of pictures.
constexpr std::array<Range, 11> kTwoWide = {{{0x1100, 0x115F},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0xA4CF},
                                             {0xA960, 0xA97F},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF01, 0xFF60},
                                             {0xFFE0, 0xFFE6},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};

template <size_t kCount>
bool within(const std::array<Range, kCount>& ranges, char32_t value) {
  return std::any_of(ranges.begin(), ranges.end(), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

size_t width_of(char32_t value) {
  if (within(kNoWidth, value)) {
    return 0;
  }
  return within(kTwoWide, value) ? 2 : 1;
}

// The length of a colour sequence (ESC [ digits and semicolons m) at the start, or 0.
size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) {
    return 0;
  }
  const size_t end = text.find_first_not_of("0123456789;", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

std::string spelled_out(char32_t value) {
  const auto number = static_cast<unsigned>(value);
  return value < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{{{:x}}}", number);
}

}  // namespace

std::string visible(std::string_view text, Lines lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const size_t colour = colour_sequence(text); colour > 0) {
      text.remove_prefix(colour);
      continue;
    }
    if (text.starts_with("\r\n")) {
      text.remove_prefix(1);
    }
    const CodePoint point = decode_utf8(text);
    text.remove_prefix(point.size);
    if (point.value == U'\n' || point.value == U'\t') {
      out += lines == Lines::kOne ? ' ' : static_cast<char>(point.value);
    } else if (point.value < 0x20 || point.value == 0x7F || within(kActing, point.value)) {
      out += spelled_out(point.value);
    } else {
      model::append_utf8(out, point.value);
    }
  }
  return out;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = decode_utf8(text);
    width += width_of(point.value);
    text.remove_prefix(point.size);
  }
  return width;
}

std::string fit(std::string_view text, size_t columns) {
  if (display_width(text) <= columns) {
    return std::string(text);
  }
  if (columns == 0) {
    return "";
  }
  size_t taken = 0;
  size_t width = 1;  // of the ellipsis
  while (taken < text.size()) {
    const CodePoint point = decode_utf8(text.substr(taken));
    width += width_of(point.value);
    if (width > columns) {
      break;
    }
    taken += point.size;
  }
  return std::string(text.substr(0, taken)) + "…";
}

std::string padded(std::string_view text, size_t columns) {
  const size_t width = display_width(text);
  return std::string(text) + std::string(width < columns ? columns - width : 0, ' ');
}

std::string seconds(double milliseconds) {
  constexpr double kLongest = 1e12;  // beyond it the digits say nothing
  return milliseconds < kLongest ? fmt::format("{:.1f} s", milliseconds / 1000)
                                 : fmt::format("{:.1e} s", milliseconds / 1000);
}

}  // namespace relapse::reports
