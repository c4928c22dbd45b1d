#include "reports/junit.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "reports/wording.h"
#include "reports/xml_writer.h"

namespace relapse::reports {

using model::Record;
using model::ScenarioRecord;
using model::SubjectFacts;
using model::VerdictKind;

namespace {

enum class Outcome { kPassed, kFailure, kError, kSkipped };

struct Case {
  const ScenarioRecord* entry;
  std::string name;
};

struct Suite {
  std::string id;
  std::vector<Case> cases;
};

Outcome outcome_of(const ScenarioRecord& entry) {
  if (entry.as_it_should()) {
    return Outcome::kPassed;
  }
  switch (entry.verdict) {
    case VerdictKind::kError:
      return Outcome::kError;
    case VerdictKind::kInconclusive:
      return Outcome::kSkipped;
    case VerdictKind::kPass:  // a specimen that was not caught
    case VerdictKind::kFail:
      break;
  }
  return Outcome::kFailure;
}

std::string case_name(const ScenarioRecord& entry) {
  const std::string& name = entry.variant.empty() ? entry.id : entry.variant;
  return entry.specimen ? fmt::format("{} (specimen {})", name, entry.specimen->name) : name;
}

std::string labels(const ScenarioRecord& entry) {
  std::vector<std::string> out;
  for (const SubjectFacts& subject : entry.subjects) {
    out.push_back(label_of(subject));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

// Servers join cases of one name: the same variant of several subjects gets their labels, and
// what is still alike a number.
void tell_apart(std::vector<Case>& cases) {
  std::map<std::string, int> uses;
  for (const Case& one : cases) {
    ++uses[one.name];
  }
  std::set<std::string> taken;
  for (Case& one : cases) {
    if (const std::string known = labels(*one.entry); uses[one.name] > 1 && !known.empty()) {
      one.name += fmt::format(" [{}]", known);
    }
    const std::string base = one.name;
    for (int number = 2; !taken.insert(one.name).second; ++number) {
      one.name = fmt::format("{} #{}", base, number);
    }
  }
}

std::vector<Suite> suites_of(const Record& record) {
  std::vector<Suite> suites;  // in the order of the record
  std::map<std::string_view, size_t> index;
  for (const ScenarioRecord& entry : record.scenarios) {
    const auto [at, fresh] = index.try_emplace(entry.id, suites.size());
    if (fresh) {
      suites.push_back({entry.id, {}});
    }
    suites[at->second].cases.push_back({&entry, case_name(entry)});
  }
  for (Suite& suite : suites) {
    tell_apart(suite.cases);
  }
  return suites;
}

std::string in_seconds(double milliseconds) {
  return fmt::format("{:.3f}", milliseconds / 1000);
}

XmlWriter::Attributes totals(const std::string& name, const std::vector<Case>& cases) {
  std::map<Outcome, int> counts;
  double duration_ms = 0;
  for (const Case& one : cases) {
    ++counts[outcome_of(*one.entry)];
    duration_ms += one.entry->duration_ms;
  }
  return {{"name", name},
          {"tests", std::to_string(cases.size())},
          {"failures", std::to_string(counts[Outcome::kFailure])},
          {"errors", std::to_string(counts[Outcome::kError])},
          {"skipped", std::to_string(counts[Outcome::kSkipped])},
          {"time", in_seconds(duration_ms)}};
}

void property(XmlWriter& xml, const std::string& name, const std::string& value) {
  if (!value.empty()) {
    xml.leaf("property", {{"name", name}, {"value", value}});
  }
}

void case_properties(XmlWriter& xml, const ScenarioRecord& entry) {
  const auto properties = xml.element("properties");
  property(xml, "component", entry.component);
  property(xml, "verdict", came_out(entry));
  property(xml, "trials.run", std::to_string(entry.trials.run));
  property(xml, "trials.failed", std::to_string(entry.trials.failed));
  for (const SubjectFacts& subject : entry.subjects) {
    property(xml, fmt::format("subject.{}.origin", subject.name), subject.origin);
    property(xml, fmt::format("subject.{}.path", subject.name), subject.path);
    property(xml, fmt::format("subject.{}.version", subject.name), subject.version);
    property(xml, fmt::format("subject.{}.sha256", subject.name), subject.sha256);
  }
  property(xml, "replay", entry.replay);
}

std::string headline(const ScenarioRecord& entry) {
  if (is_miscalibrated(entry)) {
    return came_out(entry);
  }
  if (entry.verdict == VerdictKind::kFail && entry.diagnosis &&
      !entry.diagnosis->sentence.empty()) {
    return entry.diagnosis->sentence;
  }
  return entry.reason.empty() ? came_out(entry) : entry.reason;
}

std::string details(const ScenarioRecord& entry) {
  std::string out;
  for (const Finding& finding : findings(entry)) {
    out += finding.head.empty() ? "" : finding.head + ": ";
    out += fmt::format("{}\n", fmt::join(finding.lines, finding.drawn ? "\n" : "\n    "));
  }
  if (wants_replay(entry)) {
    out += fmt::format("replay: {}\n", entry.replay);
  }
  return out;
}

void write_case(XmlWriter& xml, const Case& one) {
  const ScenarioRecord& entry = *one.entry;
  const auto element =
      xml.element("testcase", {{"classname", fmt::format("{}.{}", entry.component, entry.id)},
                               {"name", one.name},
                               {"time", in_seconds(entry.duration_ms)}});
  case_properties(xml, entry);
  switch (outcome_of(entry)) {
    case Outcome::kPassed:
      break;
    case Outcome::kFailure:
      xml.leaf("failure", {{"type", failure_kind(entry)}, {"message", headline(entry)}},
               details(entry));
      break;
    case Outcome::kError:
      xml.leaf("error", {{"type", "error"}, {"message", headline(entry)}}, details(entry));
      break;
    case Outcome::kSkipped:
      xml.leaf("skipped", {{"message", headline(entry)}});
      break;
  }
  if (!entry.output_tail.empty()) {
    xml.leaf("system-out", {}, entry.output_tail);
  }
}

void write_suite(XmlWriter& xml, const Record& record, const Suite& suite) {
  auto attributes = totals(suite.id, suite.cases);
  attributes.emplace_back("timestamp", record.started);
  const auto element = xml.element("testsuite", attributes);
  {
    const auto properties = xml.element("properties");
    property(xml, "relapse.version", record.version);
    property(xml, "relapse.commit", record.commit);
    property(xml, "relapse.command", record.command);
    property(xml, "seed", std::to_string(record.seed));
    property(xml, "host.kernel", record.host.kernel);
    property(xml, "host.privileges", record.host.privileges);
  }
  for (const Case& one : suite.cases) {
    write_case(xml, one);
  }
}

}  // namespace

std::string junit_report(const Record& record) {
  const auto suites = suites_of(record);
  std::vector<Case> all;
  for (const Suite& suite : suites) {
    all.insert(all.end(), suite.cases.begin(), suite.cases.end());
  }
  auto attributes = totals("relapse", all);
  attributes.back().second = in_seconds(record.duration_ms);  // entries may run side by side
  std::string out;
  XmlWriter xml(out);
  {
    const auto root = xml.element("testsuites", attributes);
    for (const Suite& suite : suites) {
      write_suite(xml, record, suite);
    }
  }
  return out;
}

}  // namespace relapse::reports
