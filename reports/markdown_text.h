#pragma once
// Strings of unknown origin within Markdown: shown as they are, never taken for markup.

#include <string>
#include <string_view>
#include <vector>

namespace relapse::reports {

// Running text or a table's cell, on one line.
std::string markdown_inline(std::string_view text);

// The same in the typeface of code; empty stays empty.
std::string markdown_code(std::string_view text);

// A fenced block, its fence longer than any that the text holds.
std::string markdown_block(std::string_view text, std::string_view language = "");

// Cells are Markdown already.
std::string markdown_row(const std::vector<std::string>& cells);
std::string markdown_table_head(const std::vector<std::string>& cells);

}  // namespace relapse::reports
