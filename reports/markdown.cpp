#include "reports/markdown.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "reports/markdown_text.h"
#include "reports/text.h"
#include "reports/wait_picture.h"
#include "reports/wording.h"

namespace relapse::reports {

using model::Record;
using model::ScenarioRecord;
using model::SubjectFacts;

namespace {

// As many digits of a hash as people compare by eye; the record has all of them.
constexpr size_t kShortHash = 12;

// Emphasis by a tag: asterisks do not count as such beside every kind of character.
std::string bold(std::string_view text) {
  return fmt::format("<b>{}</b>", markdown_inline(text));
}

std::string verdict_cell(const ScenarioRecord& entry) {
  return entry.as_it_should() ? markdown_inline(came_out(entry)) : bold(came_out(entry));
}

std::string labels_cell(const ScenarioRecord& entry) {
  std::vector<std::string> parts;
  for (const SubjectFacts& subject : entry.subjects) {
    parts.push_back(label_of(subject));
  }
  const auto extra = remarks(entry);
  std::string out = markdown_inline(fmt::format("{}", fmt::join(parts, ", ")));
  if (!extra.empty()) {
    out += fmt::format(" <i>{}</i>", markdown_inline(fmt::format("{}", fmt::join(extra, ", "))));
  }
  return out;
}

std::string calibration_cell(const model::CalibrationFacts& calibration) {
  std::vector<std::string> parts;
  if (!calibration.bad.empty()) {
    parts.push_back("bad: " + calibration.bad);
  }
  if (!calibration.good.empty()) {
    parts.push_back("good: " + calibration.good);
  }
  parts.emplace_back(calibration.complete ? "complete" : "incomplete");
  return markdown_inline(fmt::format("{}", fmt::join(parts, ", ")));
}

std::string title(const ScenarioRecord& entry) {
  std::string out = entry.id;
  if (!entry.variant.empty()) {
    out += " / " + entry.variant;
  }
  return out;
}

std::string headline(const Record& record) {
  std::string out = fmt::format("# relapse: {}\n\n{}\n\n", to_word(record.verdict),
                                markdown_inline(summary(record)));
  const auto version =
      fmt::format("relapse {} ({}), {}", record.version, record.commit, record.command);
  const auto host = fmt::format("kernel {}, {} cores, as {}", record.host.kernel, record.host.cores,
                                record.host.privileges);
  return out + fmt::format("{}; started {}; {}\n", markdown_inline(version),
                           markdown_inline(record.started), markdown_inline(host));
}

std::string entries_table(const Record& record) {
  std::string rows;
  for (const ScenarioRecord& entry : record.scenarios) {
    if (!entry.specimen) {
      rows += markdown_row({markdown_inline(entry.id), markdown_inline(entry.variant),
                            labels_cell(entry), verdict_cell(entry), trials_sentence(entry.trials),
                            calibration_cell(entry.calibration), seconds(entry.duration_ms)});
    }
  }
  return rows.empty() ? ""
                      : "## Scenarios\n\n" +
                            markdown_table_head({"scenario", "variant", "subjects", "verdict",
                                                 "trials", "calibration", "time"}) +
                            rows;
}

// The specimens that stood in, what had to come, and what was seen of the incident.
std::string calibration_table(const Record& record) {
  std::string rows;
  for (const ScenarioRecord& entry : record.scenarios) {
    if (entry.specimen) {
      const std::string seen = entry.diagnosis && !entry.diagnosis->sentence.empty()
                                   ? entry.diagnosis->sentence
                                   : entry.reason;
      rows +=
          markdown_row({markdown_inline(title(entry)), markdown_inline(entry.specimen->name),
                        labels_cell(entry), std::string(to_word(entry.specimen->expected)),
                        verdict_cell(entry), markdown_inline(seen), seconds(entry.duration_ms)});
    }
  }
  return rows.empty() ? ""
                      : "## Calibration\n\n" +
                            markdown_table_head({"scenario", "specimen", "subjects", "expected",
                                                 "came out", "seen", "time"}) +
                            rows;
}

std::string finding_text(const Finding& finding) {
  if (finding.drawn) {
    return markdown_block(fmt::format("{}", fmt::join(finding.lines, "\n"))) + "\n";
  }
  std::string out = finding.head.empty() ? "" : bold(finding.head) + ": ";
  if (!finding.lines.empty()) {
    out += markdown_inline(finding.lines.front());
  }
  out += "\n";
  for (size_t i = 1; i < finding.lines.size(); ++i) {
    out += (i == 1 ? "\n- " : "- ") + markdown_inline(finding.lines[i]) + "\n";
  }
  return out + "\n";
}

std::string failure(const ScenarioRecord& entry) {
  std::string out =
      fmt::format("## {}: {}\n\n", markdown_inline(title(entry)), markdown_inline(came_out(entry)));
  out += labels_cell(entry) + "\n\n";
  for (const Finding& finding : findings(entry)) {
    out += finding_text(finding);
  }
  if (entry.diagnosis) {
    if (const std::string picture = wait_picture(*entry.diagnosis); !picture.empty()) {
      out += picture + "\n";
    }
  }
  if (wants_replay(entry)) {
    out += "See it again:\n\n" + markdown_block(entry.replay, "sh") + "\n";
  }
  if (!entry.output_tail.empty()) {
    out += "<details><summary>its last output</summary>\n\n" + markdown_block(entry.output_tail) +
           "\n</details>\n";
  }
  return out;
}

std::string penalties_table(const Record& record) {
  std::string rows;
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const model::Stall& stall : entry.stalls) {
      rows += markdown_row({markdown_inline(title(entry)), labels_cell(entry),
                            seconds(stall.duration_ms), std::string(to_word(stall.cause)),
                            markdown_inline(stall.sentence)});
    }
  }
  return rows.empty()
             ? ""
             : "## Penalties\n\nQuiet stretches that ended by themselves.\n\n" +
                   markdown_table_head({"scenario", "subjects", "cost", "cause", "seen"}) + rows;
}

// Of the entries that have no section of their own.
std::string notes_list(const Record& record) {
  std::string items;
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const std::string& note :
         entry.as_it_should() ? entry.notes : std::vector<std::string>{}) {
      items += fmt::format("- {}: {}\n", markdown_inline(title(entry)), markdown_inline(note));
    }
  }
  return items.empty() ? "" : "## Notes\n\n" + items;
}

std::string subjects_table(const Record& record) {
  std::set<std::string> rows;  // one subject serves many entries
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const SubjectFacts& subject : entry.subjects) {
      rows.insert(markdown_row({markdown_inline(subject.name), markdown_inline(label_of(subject)),
                                markdown_inline(subject.origin), markdown_inline(subject.version),
                                markdown_code(fit(subject.sha256, kShortHash + 1)),
                                markdown_code(subject.path)}));
    }
  }
  return rows.empty() ? ""
                      : "## Subjects\n\n" +
                            markdown_table_head(
                                {"subject", "label", "origin", "version", "sha256", "path"}) +
                            fmt::format("{}", fmt::join(rows, ""));
}

std::string host_table(const Record& record) {
  std::string rows;
  for (const auto& [name, found] : record.host.capabilities) {
    rows += markdown_row({markdown_inline(name), markdown_inline(found)});
  }
  return rows.empty() ? "" : "## Host\n\n" + markdown_table_head({"capability", "found"}) + rows;
}

}  // namespace

std::vector<std::string> markdown_sections(const Record& record) {
  std::vector<std::string> sections = {headline(record), entries_table(record)};
  for (const ScenarioRecord& entry : record.scenarios) {
    if (!entry.as_it_should()) {
      sections.push_back(failure(entry));
    }
  }
  for (auto* write : {calibration_table, penalties_table, notes_list, subjects_table, host_table}) {
    sections.push_back(write(record));
  }
  sections.erase(std::remove(sections.begin(), sections.end(), ""), sections.end());
  return sections;
}

std::string markdown_report(const Record& record) {
  return fmt::format("{}", fmt::join(markdown_sections(record), "\n"));
}

}  // namespace relapse::reports
