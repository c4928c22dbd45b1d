#pragma once
// The record for a terminal: a line for each entry, in columns, and below it what explains it.
// Lines can be written as entries finish: the columns need only what is planned.

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"
#include "reports/wording.h"

namespace relapse::reports {

struct TerminalStyle {
  bool colour = false;  // the caller decides: a terminal, and no NO_COLOR
};

// Widths over the whole run: id, variant, the labels of the subjects, verdict.
class TerminalColumns {
 public:
  // Looks at what is known before the trial: id, variant, subjects, specimen.
  void add(const model::ScenarioRecord& planned);

 private:
  friend class TerminalWriter;

  std::vector<size_t> leading_;
  size_t verdict_ = 0;
  size_t schedule_ = 0;
};

class TerminalWriter {
 public:
  TerminalWriter(std::ostream& out, TerminalColumns columns, TerminalStyle style);

  void entry(const model::ScenarioRecord& scenario);
  void summary(const model::Record& record);

 private:
  std::string line(const model::ScenarioRecord& scenario) const;
  void below(const Finding& finding);
  std::string painted(std::string_view text, std::string_view paint) const;

  std::ostream* out_;
  TerminalColumns columns_;
  TerminalStyle style_;
};

std::string terminal_report(const model::Record& record, TerminalStyle style);

}  // namespace relapse::reports
