#include "reports/terminal.h"

#include <sstream>
#include <string>
#include <vector>

#include "canned/canned_record.h"
#include "catch.h"
#include "model/record.h"

using namespace relapse::model;
using relapse::reports::terminal_report;
using relapse::reports::TerminalColumns;
using relapse::reports::TerminalWriter;

namespace {

ScenarioRecord terminal_entry(const std::string& id, const std::string& label,
                              VerdictKind verdict) {
  ScenarioRecord out;
  out.id = id;
  out.subjects = {{"runner", "given", "/x", "00", "", label}};
  out.verdict = verdict;
  out.duration_ms = 4100;
  out.replay = "relapse run " + id;
  return out;
}

Record record_of(std::vector<ScenarioRecord> scenarios) {
  Record record;
  record.verdict = VerdictKind::kPass;
  record.duration_ms = 1000;
  record.seed = 7;
  record.scenarios = std::move(scenarios);
  return record;
}

}  // namespace

TEST_CASE("entries stand in columns") {
  const auto text =
      terminal_report(record_of({terminal_entry("a", "stdin ignored", VerdictKind::kPass),
                                 terminal_entry("long-name", "x", VerdictKind::kPass)}),
                      {});
  CHECK(text ==
        "a           stdin ignored   pass              4.1 s\n"
        "long-name   x               pass              4.1 s\n"
        "pass: 2 scenarios: 2 pass; 1.0 s, seed 7\n");
}

TEST_CASE("entries written one by one stand where the plan put them") {
  const Record record = relapse::canned::record();
  TerminalColumns columns;
  for (ScenarioRecord planned : record.scenarios) {
    planned.verdict = VerdictKind::kError;  // nobody knows yet
    planned.diagnosis.reset();
    columns.add(planned);
  }
  std::ostringstream out;
  TerminalWriter writer(out, columns, {});
  for (const ScenarioRecord& scenario : record.scenarios) {
    writer.entry(scenario);
  }
  writer.summary(record);
  CHECK(out.str() == terminal_report(record, {}));
}

TEST_CASE("a specimen says whether the scenario can fail") {
  auto specimen = terminal_entry("a", "runner (pipe)", VerdictKind::kFail);
  specimen.specimen = SpecimenFacts{"pipe", VerdictKind::kFail};
  CHECK_THAT(terminal_report(record_of({specimen}), {}),
             ContainsSubstring("fail (as the incident did)") &&
                 ContainsSubstring("1 of 1 specimen as expected") && !ContainsSubstring("replay"));
  specimen.verdict = VerdictKind::kPass;
  CHECK_THAT(terminal_report(record_of({specimen}), {}),
             ContainsSubstring("pass (NOT CAUGHT: the scenario cannot fail)") &&
                 ContainsSubstring("0 of 1 specimen as expected") &&
                 ContainsSubstring("replay: relapse run a"));
}

TEST_CASE("who was not what users run is said on the line") {
  auto mock = terminal_entry("a", "x", VerdictKind::kPass);
  mock.subjects[0].origin = "reconstruction";
  CHECK_THAT(terminal_report(record_of({mock}), {}),
             ContainsSubstring("4.1 s   runner: reconstruction\n"));
  mock.subjects[0].origin = "specimen";  // outside of a calibration it is news
  CHECK_THAT(terminal_report(record_of({mock}), {}), ContainsSubstring("runner: specimen"));
}

TEST_CASE("a run of nothing is not dressed up") {
  Record nothing;
  CHECK(terminal_report(nothing, {}) == "inconclusive: nothing was run; 0.0 s, seed 0\n");
}

TEST_CASE("colours come only when asked for, and nothing else can send a sequence") {
  const Record record = relapse::canned::record();
  CHECK(terminal_report(record, {}).find('\x1b') == std::string::npos);
  std::string coloured = terminal_report(record, {true});
  for (const std::string sequence :
       {"\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[1;41;97m"}) {
    CHECK(coloured.find(sequence) != std::string::npos);
    for (size_t at = 0; (at = coloured.find(sequence)) != std::string::npos;) {
      coloured.erase(at, sequence.size());
    }
  }
  CHECK(coloured == terminal_report(record, {}));
}
