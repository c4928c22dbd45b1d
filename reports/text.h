#pragma once
// Strings of unknown origin, made fit to be read: on a terminal, in XML, in Markdown.

#include <cstddef>
#include <string>
#include <string_view>

namespace relapse::reports {

enum class Lines {
  kOne,   // line breaks and tabs become spaces
  kMany,  // they stay
};

// Valid UTF-8 without anything that acts instead of being shown: colour sequences are dropped,
// other control characters, direction overrides and code points that XML forbids are spelled out
// (`\x1b`, `\u{202e}`). "\r\n" is a line break.
std::string visible(std::string_view text, Lines lines);

// In columns of a terminal, of a `visible` text. Coarse for rare scripts: a mistake moves a
// column, nothing more.
size_t display_width(std::string_view text);

// At most `columns` wide, with an ellipsis where something was cut off.
std::string fit(std::string_view text, size_t columns);

// Followed by spaces up to `columns`.
std::string padded(std::string_view text, size_t columns);

// "4.1 s".
std::string seconds(double milliseconds);

}  // namespace relapse::reports
