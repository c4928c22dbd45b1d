#include "reports/terminal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <string_view>
#include <utility>

#include "reports/text.h"
#include "reports/wording.h"

namespace relapse::reports {

using model::Record;
using model::ScenarioRecord;
using model::SubjectFacts;
using model::VerdictKind;

namespace {

constexpr std::string_view kGap = "   ";
constexpr std::string_view kIndent = "    ";
// One very long name must not push the columns of the whole run out of sight; it runs over.
constexpr size_t kWidestColumn = 40;
constexpr size_t kTimeWidth = 8;
// Enough to see how the subject ended; the whole tail stands in the record.
constexpr size_t kTailLines = 10;

constexpr std::string_view kGreen = "32";
constexpr std::string_view kRed = "31";
constexpr std::string_view kYellow = "33";
constexpr std::string_view kLoud = "1;41;97";
constexpr std::string_view kFaint = "2";
constexpr std::string_view kBold = "1";

std::string one_line(std::string_view text) {
  return visible(text, Lines::kOne);
}

// The variant, unless a label says the same already.
std::string variant_cell(const ScenarioRecord& scenario) {
  const bool said = std::any_of(
      scenario.subjects.begin(), scenario.subjects.end(),
      [&](const SubjectFacts& subject) { return label_of(subject) == scenario.variant; });
  return said ? "" : one_line(scenario.variant);
}

std::vector<std::string> leading_cells(const ScenarioRecord& scenario) {
  std::vector<std::string> cells = {one_line(scenario.id), variant_cell(scenario)};
  for (const SubjectFacts& subject : scenario.subjects) {
    cells.push_back(one_line(label_of(subject)));
  }
  return cells;
}

std::string_view paint_of(const ScenarioRecord& scenario) {
  if (is_miscalibrated(scenario)) {
    return kLoud;
  }
  if (scenario.as_it_should()) {
    return kGreen;
  }
  return scenario.verdict == VerdictKind::kInconclusive ? kYellow : kRed;
}

// What the verdict column must hold before the verdict is known. The rare wordings run over.
size_t verdict_width(const ScenarioRecord& planned) {
  ScenarioRecord at_worst;
  at_worst.verdict = VerdictKind::kInconclusive;
  if (planned.specimen) {
    at_worst.specimen = planned.specimen;
    at_worst.verdict = planned.specimen->expected;
  }
  return display_width(came_out(at_worst));
}

std::vector<std::string> last_lines(const std::string& text, size_t count) {
  std::vector<std::string> lines;
  std::istringstream in(visible(text, Lines::kMany));
  for (std::string line; std::getline(in, line);) {
    lines.push_back(std::move(line));
  }
  if (lines.size() > count) {
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  }
  return lines;
}

}  // namespace

void TerminalColumns::add(const ScenarioRecord& planned) {
  const auto cells = leading_cells(planned);
  leading_.resize(std::max(leading_.size(), cells.size()));
  for (size_t i = 0; i < cells.size(); ++i) {
    leading_[i] = std::max(leading_[i], std::min(display_width(cells[i]), kWidestColumn));
  }
  verdict_ = std::max(verdict_, verdict_width(planned));
  schedule_ = std::max(schedule_, schedule_words(planned).size());
}

TerminalWriter::TerminalWriter(std::ostream& out, TerminalColumns columns, TerminalStyle style)
    : out_(&out), columns_(std::move(columns)), style_(style) {}

std::string TerminalWriter::painted(std::string_view text, std::string_view paint) const {
  return style_.colour ? fmt::format("\x1b[{}m{}\x1b[0m", paint, text) : std::string(text);
}

std::string TerminalWriter::line(const ScenarioRecord& scenario) const {
  auto cells = leading_cells(scenario);
  cells.resize(std::max(cells.size(), columns_.leading_.size()));
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t width = i < columns_.leading_.size() ? columns_.leading_[i] : 0;
    if (width > 0 || !cells[i].empty()) {  // a column that nobody fills takes no room
      out += padded(cells[i], width) + std::string(kGap);
    }
  }
  const std::string verdict = came_out(scenario);
  out += painted(verdict, paint_of(scenario));
  out += padded("", std::max(columns_.verdict_, verdict.size()) - verdict.size());
  if (columns_.schedule_ > 0) {  // nor does this one, where no order was decided
    out += std::string(kGap) + padded(schedule_words(scenario), columns_.schedule_);
  }
  out += fmt::format("{:>{}}", seconds(scenario.duration_ms), kTimeWidth + kGap.size());
  if (const auto extra = remarks(scenario); !extra.empty()) {
    out += std::string(kGap) + one_line(fmt::format("{}", fmt::join(extra, ", ")));
  }
  return out;
}

void TerminalWriter::below(const Finding& finding) {
  const std::string head = finding.head.empty() ? "" : one_line(finding.head) + ": ";
  *out_ << kIndent << (head.empty() ? "" : painted(head, kBold));
  for (size_t i = 0; i < finding.lines.size(); ++i) {
    const std::string indent = i == 0 ? "" : padded("", kIndent.size() + head.size());
    *out_ << indent << one_line(finding.lines[i]) << "\n";
  }
  *out_ << (finding.lines.empty() ? "\n" : "");
}

void TerminalWriter::entry(const ScenarioRecord& scenario) {
  *out_ << line(scenario) << "\n";
  for (const Finding& finding : findings(scenario)) {
    below(finding);
  }
  if (wants_replay(scenario)) {
    below({"replay", {scenario.replay}});
  }
  if (!scenario.as_it_should() && !scenario.output_tail.empty()) {
    *out_ << kIndent << painted("its last lines:", kBold) << "\n";
    for (const std::string& output : last_lines(scenario.output_tail, kTailLines)) {
      *out_ << kIndent << painted("| " + output, kFaint) << "\n";
    }
  }
}

void TerminalWriter::summary(const Record& record) {
  const bool good = record.verdict == VerdictKind::kPass;
  *out_ << painted(reports::summary(record), good ? kGreen : kRed) << "\n";
}

std::string terminal_report(const Record& record, TerminalStyle style) {
  TerminalColumns columns;
  for (const ScenarioRecord& scenario : record.scenarios) {
    columns.add(scenario);
  }
  std::ostringstream out;
  TerminalWriter writer(out, std::move(columns), style);
  for (const ScenarioRecord& scenario : record.scenarios) {
    writer.entry(scenario);
  }
  writer.summary(record);
  return out.str();
}

}  // namespace relapse::reports
