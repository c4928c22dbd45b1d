#include "reports/page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "reports/text.h"
#include "reports/wording.h"

namespace relapse::reports {

using model::Record;
using model::ScenarioRecord;
using model::SubjectFacts;

namespace {

// As many digits of a hash as people compare by eye; the record has all of them.
constexpr size_t kShortHash = 12;

std::string id_of(size_t entry) {
  return fmt::format("entry-{}", entry + 1);
}

Cell verdict_cell(const Record& record, size_t index) {
  const auto& entry = record.scenarios[index];
  return entry.as_it_should() ? Cell{came_out(entry), Tone::kGood}
                              : Cell{came_out(entry), Tone::kBad, "", id_of(index)};
}

Cell labels_cell(const ScenarioRecord& entry) {
  std::vector<std::string> parts;
  for (const SubjectFacts& subject : entry.subjects) {
    parts.push_back(label_of(subject));
  }
  return {fmt::format("{}", fmt::join(parts, ", ")), Tone::kPlain,
          fmt::format("{}", fmt::join(remarks(entry), ", "))};
}

std::string calibration_words(const model::CalibrationFacts& calibration) {
  std::vector<std::string> parts;
  if (!calibration.bad.empty()) {
    parts.push_back("bad: " + calibration.bad);
  }
  if (!calibration.good.empty()) {
    parts.push_back("good: " + calibration.good);
  }
  parts.emplace_back(calibration.complete ? "complete" : "incomplete");
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string title_of(const ScenarioRecord& entry) {
  return entry.variant.empty() ? entry.id : entry.id + " / " + entry.variant;
}

Section headline(const Record& record) {
  const auto facts = fmt::format("relapse {} ({}), {}; started {}; kernel {}, {} cores, as {}",
                                 record.version, record.commit, record.command, record.started,
                                 record.host.kernel, record.host.cores, record.host.privileges);
  Section section;
  section.title = fmt::format("relapse: {}", to_word(record.verdict));
  section.tone = record.verdict == model::VerdictKind::kPass ? Tone::kGood : Tone::kBad;
  section.blocks = {Paragraph{"", summary(record)}, Paragraph{"", facts}};
  return section;
}

Section entries(const Record& record) {
  Table table{{"scenario", "variant", "subjects", "verdict", "trials", "calibration", "time"}, {}};
  for (size_t i = 0; i < record.scenarios.size(); ++i) {
    const auto& entry = record.scenarios[i];
    if (!entry.specimen) {
      table.rows.push_back({{entry.id},
                            {entry.variant},
                            labels_cell(entry),
                            verdict_cell(record, i),
                            {trials_sentence(entry.trials)},
                            {calibration_words(entry.calibration)},
                            {seconds(entry.duration_ms)}});
    }
  }
  return {"Scenarios", {std::move(table)}};
}

// The specimens that stood in, what had to come, and what was seen of the incident.
Section calibration(const Record& record) {
  Table table{{"scenario", "specimen", "subjects", "expected", "came out", "seen", "time"}, {}};
  for (size_t i = 0; i < record.scenarios.size(); ++i) {
    const auto& entry = record.scenarios[i];
    if (entry.specimen) {
      const bool told = entry.diagnosis && !entry.diagnosis->sentence.empty();
      table.rows.push_back({{title_of(entry)},
                            {entry.specimen->name},
                            labels_cell(entry),
                            {std::string(to_word(entry.specimen->expected))},
                            verdict_cell(record, i),
                            {told ? entry.diagnosis->sentence : entry.reason},
                            {seconds(entry.duration_ms)}});
    }
  }
  Section section{"Calibration", {std::move(table)}};
  section.aside = true;
  return section;
}

void add_finding(std::vector<Block>& blocks, const Finding& finding) {
  if (finding.drawn) {
    blocks.emplace_back(Listing{fmt::format("{}", fmt::join(finding.lines, "\n"))});
    return;
  }
  blocks.emplace_back(Paragraph{finding.head, finding.lines.empty() ? "" : finding.lines.front()});
  if (finding.lines.size() > 1) {
    blocks.emplace_back(Items{{finding.lines.begin() + 1, finding.lines.end()}});
  }
}

Section failure(const Record& record, size_t index) {
  const auto& entry = record.scenarios[index];
  Section section;
  section.title = fmt::format("{}: {}", title_of(entry), came_out(entry));
  section.tone = Tone::kBad;
  section.id = id_of(index);
  const Cell labels = labels_cell(entry);
  section.blocks.emplace_back(Paragraph{"", labels.text, labels.aside});
  for (const Finding& finding : findings(entry)) {
    add_finding(section.blocks, finding);
  }
  if (entry.diagnosis && !entry.diagnosis->edges.empty()) {
    section.blocks.emplace_back(Waits{&*entry.diagnosis});
  }
  if (wants_replay(entry)) {
    section.blocks.emplace_back(Paragraph{"", "See it again:"});
    section.blocks.emplace_back(Listing{entry.replay, "sh"});
  }
  if (!entry.output_tail.empty()) {
    section.blocks.emplace_back(Folded{"its last output", entry.output_tail});
  }
  return section;
}

Section penalties(const Record& record) {
  Table table{{"scenario", "subjects", "cost", "cause", "seen"}, {}};
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const model::Stall& stall : entry.stalls) {
      table.rows.push_back({{title_of(entry)},
                            labels_cell(entry),
                            {seconds(stall.duration_ms)},
                            {std::string(to_word(stall.cause))},
                            {stall.sentence}});
    }
  }
  return {"Penalties",
          {Paragraph{"", "Quiet stretches that ended by themselves."}, std::move(table)}};
}

// Of the entries that have no section of their own.
Section notes(const Record& record) {
  Items items;
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const auto& note : entry.as_it_should() ? entry.notes : std::vector<std::string>{}) {
      items.lines.push_back(fmt::format("{}: {}", title_of(entry), note));
    }
  }
  return {"Notes", {std::move(items)}};
}

Section subjects(const Record& record) {
  std::map<std::vector<std::string>, std::vector<Cell>> rows;  // one subject serves many entries
  for (const ScenarioRecord& entry : record.scenarios) {
    for (const SubjectFacts& subject : entry.subjects) {
      const std::vector<std::string> key = {subject.name,    label_of(subject), subject.origin,
                                            subject.version, subject.sha256,    subject.path};
      rows[key] = {{key[0]},
                   {key[1]},
                   {key[2]},
                   {key[3]},
                   {fit(key[4], kShortHash + 1), Tone::kCode},
                   {key[5], Tone::kCode}};
    }
  }
  Table table{{"subject", "label", "origin", "version", "sha256", "path"}, {}};
  for (auto& [key, row] : rows) {
    table.rows.push_back(std::move(row));
  }
  Section section{"Subjects", {std::move(table)}};
  section.aside = true;
  return section;
}

Section host(const Record& record) {
  Table table{{"capability", "found"}, {}};
  for (const auto& [name, found] : record.host.capabilities) {
    table.rows.push_back({{name}, {found}});
  }
  Section section{"Host", {std::move(table)}};
  section.aside = true;
  return section;
}

struct IsEmpty {
  bool operator()(const Table& table) const { return table.rows.empty(); }
  bool operator()(const Items& items) const { return items.lines.empty(); }
  template <typename Other>
  bool operator()(const Other&) const {
    return false;
  }
};

bool says_nothing(const Section& section) {
  return std::visit(IsEmpty(), section.blocks.back());
}

}  // namespace

std::vector<Section> make_page(const Record& record) {
  std::vector<Section> page = {headline(record), entries(record)};
  for (size_t i = 0; i < record.scenarios.size(); ++i) {
    if (!record.scenarios[i].as_it_should()) {
      page.push_back(failure(record, i));
    }
  }
  for (auto* make : {calibration, penalties, notes, subjects, host}) {
    page.push_back(make(record));
  }
  page.erase(std::remove_if(page.begin(), page.end(), says_nothing), page.end());
  return page;
}

}  // namespace relapse::reports
