#include "reports/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "reports/markdown_text.h"
#include "reports/page.h"
#include "reports/wait_picture.h"

namespace relapse::reports {

namespace {

// Emphasis by tags: asterisks do not count as such beside every kind of character.
std::string with_aside(std::string text, const std::string& aside) {
  return aside.empty() ? text : fmt::format("{} <i>{}</i>", text, markdown_inline(aside));
}

std::string cell_text(const Cell& cell) {
  switch (cell.tone) {
    case Tone::kCode:
      return markdown_code(cell.text);
    case Tone::kBad:
      return fmt::format("<b>{}</b>", markdown_inline(cell.text));
    case Tone::kPlain:
    case Tone::kGood:
      break;
  }
  return with_aside(markdown_inline(cell.text), cell.aside);
}

struct BlockText {
  std::string operator()(const Paragraph& paragraph) const {
    const std::string head =
        paragraph.head.empty() ? "" : fmt::format("<b>{}</b>: ", markdown_inline(paragraph.head));
    return with_aside(head + markdown_inline(paragraph.text), paragraph.aside) + "\n";
  }
  std::string operator()(const Items& items) const {
    std::string out;
    for (const auto& line : items.lines) {
      out += fmt::format("- {}\n", markdown_inline(line));
    }
    return out;
  }
  std::string operator()(const Table& table) const {
    std::string out = markdown_table_head(table.head);
    for (const auto& row : table.rows) {
      std::vector<std::string> cells(row.size());
      std::transform(row.begin(), row.end(), cells.begin(), cell_text);
      out += markdown_row(cells);
    }
    return out;
  }
  std::string operator()(const Listing& listing) const {
    return markdown_block(listing.text, listing.language);
  }
  std::string operator()(const Folded& folded) const {
    return fmt::format("<details><summary>{}</summary>\n\n{}\n</details>\n",
                       markdown_inline(folded.summary), markdown_block(folded.text));
  }
  std::string operator()(const Waits& waits) const { return wait_picture(*waits.diagnosis); }
};

}  // namespace

std::vector<std::string> markdown_sections(const model::Record& record) {
  std::vector<std::string> out;
  for (const Section& section : make_page(record)) {
    std::string text =
        fmt::format("{} {}\n", out.empty() ? "#" : "##", markdown_inline(section.title));
    for (const Block& block : section.blocks) {
      text += "\n" + std::visit(BlockText(), block);
    }
    out.push_back(std::move(text));
  }
  return out;
}

std::string markdown_report(const model::Record& record) {
  return fmt::format("{}", fmt::join(markdown_sections(record), "\n"));
}

}  // namespace relapse::reports
