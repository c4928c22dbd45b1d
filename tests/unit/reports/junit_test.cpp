#include "reports/junit.h"

#include <string>

#include "canned/canned_record.h"
#include "catch.h"
#include "reports/xml_writer.h"

using namespace relapse::model;
using relapse::reports::junit_report;
using relapse::reports::XmlWriter;

namespace {

size_t count(const std::string& text, const std::string& wanted) {
  size_t found = 0;
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    ++found;
  }
  return found;
}

std::string report_of(ScenarioRecord entry) {
  Record record;
  record.scenarios = {std::move(entry)};
  return junit_report(record);
}

ScenarioRecord entry(VerdictKind verdict) {
  ScenarioRecord out;
  out.id = "a";
  out.component = "c";
  out.variant = "v";
  out.verdict = verdict;
  out.reason = "why";
  return out;
}

}  // namespace

TEST_CASE("elements end in the order in which they began") {
  std::string out;
  XmlWriter xml(out);
  {
    const auto outer = xml.element("outer", {{"a", "1 < 2 & \"3\"\n\t\x01"}});
    const auto inner = xml.element("inner");
    xml.leaf("leaf", {}, "]]> <&\" \x1b");
    xml.leaf("leaf", {{"b", ""}});
  }
  CHECK(out ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<outer a=\"1 &lt; 2 &amp; &quot;3&quot;&#10;&#9;\\x01\">\n"
        "  <inner>\n"
        "    <leaf>]]&gt; &lt;&amp;\" \\x1b</leaf>\n"
        "    <leaf b=\"\"/>\n"
        "  </inner>\n"
        "</outer>\n");
}

TEST_CASE("each verdict has its element") {
  CHECK(count(report_of(entry(VerdictKind::kPass)), "<failure") == 0);
  CHECK_THAT(report_of(entry(VerdictKind::kFail)),
             ContainsSubstring("<failure type=\"expectation\" message=\"why\">"));
  CHECK_THAT(report_of(entry(VerdictKind::kError)),
             ContainsSubstring("<error type=\"error\" message=\"why\">"));
  CHECK_THAT(report_of(entry(VerdictKind::kInconclusive)),
             ContainsSubstring("<skipped message=\"why\"/>"));
}

TEST_CASE("a hang's failure has the type of its cause") {
  auto hang = entry(VerdictKind::kFail);
  hang.diagnosis = Diagnosis{};
  hang.diagnosis->verdict = Movement::kHang;
  hang.diagnosis->cause = Cause::kPipeFull;
  hang.diagnosis->sentence = "it waits";
  CHECK_THAT(report_of(hang),
             ContainsSubstring("<failure type=\"pipe-full\" message=\"it waits\">"));
}

TEST_CASE("a specimen is judged by what had to come") {
  auto specimen = entry(VerdictKind::kFail);
  specimen.specimen = SpecimenFacts{"bad", VerdictKind::kFail};
  CHECK_THAT(report_of(specimen), ContainsSubstring("name=\"v (specimen bad)\"") &&
                                      ContainsSubstring("tests=\"1\" failures=\"0\""));
  specimen.verdict = VerdictKind::kPass;
  CHECK_THAT(report_of(specimen), ContainsSubstring("failures=\"1\"") &&
                                      ContainsSubstring("message=\"pass (NOT CAUGHT"));
}

TEST_CASE("cases of one name are told apart") {
  auto first = entry(VerdictKind::kPass);
  first.subjects = {{"agent", "package", "", "", "", "agent 1"}};
  auto second = first;
  second.subjects[0].label = "agent 2";
  Record record;
  record.scenarios = {first, second, second};
  const auto text = junit_report(record);
  CHECK(count(text, "name=\"v [agent 1]\"") == 1);
  CHECK(count(text, "name=\"v [agent 2]\"") == 1);
  CHECK(count(text, "name=\"v [agent 2] #2\"") == 1);
  CHECK(count(text, "<testsuite ") == 1);
}

TEST_CASE("the counts are those of the elements") {
  const auto text = junit_report(relapse::canned::record());
  const auto head = text.substr(0, text.find("<testsuite "));
  CHECK_THAT(head,
             ContainsSubstring("tests=\"" + std::to_string(count(text, "<testcase ")) + "\""));
  CHECK_THAT(head,
             ContainsSubstring("failures=\"" + std::to_string(count(text, "<failure ")) + "\""));
  CHECK_THAT(head, ContainsSubstring("errors=\"" + std::to_string(count(text, "<error ")) + "\""));
  CHECK_THAT(head,
             ContainsSubstring("skipped=\"" + std::to_string(count(text, "<skipped ")) + "\""));
}
