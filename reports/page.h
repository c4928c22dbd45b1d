#pragma once
// The report for people before it has a form: sections, and in them text, lists, tables, pictures.
// Markdown and HTML draw the same page, so neither can say what the other does not. Nothing here
// is escaped.

#include <string>
#include <variant>
#include <vector>

#include "model/record.h"

namespace relapse::reports {

enum class Tone { kPlain, kCode, kGood, kBad };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
  std::string aside = {};  // what sets the thing apart, after it
  std::string to = {};     // the id of the section that tells more
};

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<Cell>> rows;
};

struct Paragraph {
  std::string head = {};  // may be empty
  std::string text = {};
  std::string aside = {};
};

struct Items {
  std::vector<std::string> lines;
};

struct Listing {
  std::string text;
  std::string language = {};
};

struct Folded {
  std::string summary;
  std::string text;
};

// Who waits for whom. The record that the page was made of outlives it.
struct Waits {
  const model::Diagnosis* diagnosis;
};

using Block = std::variant<Paragraph, Items, Table, Listing, Folded, Waits>;

struct Section {
  std::string title;
  std::vector<Block> blocks;
  Tone tone = Tone::kPlain;
  std::string id = {};  // may be empty
  bool aside = false;   // for those who ask: a form that can fold folds it
};

// The first section is the headline. What matters most stands first: a reader who gets only some
// of the sections has the verdict, the table and the failures.
std::vector<Section> make_page(const model::Record& record);

}  // namespace relapse::reports
