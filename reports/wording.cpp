#include "reports/wording.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <sstream>

#include "reports/text.h"

namespace relapse::reports {

using model::ControlFacts;
using model::Diagnosis;
using model::Movement;
using model::Proof;
using model::Record;
using model::ScenarioRecord;
using model::SubjectFacts;
using model::TrialCounts;
using model::VerdictKind;

namespace {

std::string plural(size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

// One line for each difference that is kept, and how many are not.
Finding differences(const model::TreeFacts& tree) {
  Finding out{"on disk", {}};
  std::uint64_t told = 0;
  for (const auto& one : tree.first) {
    out.lines.push_back(describe(one));
    told += one.entries;
  }
  const std::uint64_t all = tree.missing + tree.different + tree.unexpected;
  if (told < all) {
    out.lines.push_back(fmt::format("and {} more", all - told));
  }
  return out;
}

std::string plural(size_t count, std::string_view noun) {
  return plural(count, noun, fmt::format("{}s", noun));
}

// Where a sentence has clauses, each gets its line.
void add_clauses(std::vector<std::string>& lines, std::string_view sentence) {
  for (size_t end = sentence.find("; "); end != std::string_view::npos; end = sentence.find("; ")) {
    lines.emplace_back(sentence.substr(0, end));
    sentence.remove_prefix(end + 2);
  }
  if (!sentence.empty()) {
    lines.emplace_back(sentence);
  }
}

Finding seen(const Diagnosis& diagnosis) {
  Finding out{movement(diagnosis), {}};
  add_clauses(out.lines, diagnosis.sentence);
  out.lines.insert(out.lines.end(), diagnosis.evidence.begin(), diagnosis.evidence.end());
  return out;
}

// The schedule of a record may be anything that was in a file: what is missing is left out.
nlohmann::json part_of(const nlohmann::json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_object() ? *found : nlohmann::json::object();
}

std::string text_in(const nlohmann::json& object, const char* name) {
  auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t number_in(const nlohmann::json& object, const char* name, std::int64_t fallback) {
  auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>()
                                                             : fallback;
}

// The picture, the sentence, and how sure both are.
void add_schedule(std::vector<Finding>& out, const nlohmann::json& schedule) {
  const auto explanation = part_of(schedule, "explanation");
  Finding picture{"", {}, true};
  std::istringstream lines(text_in(explanation, "picture"));
  for (std::string line; std::getline(lines, line);) {
    picture.lines.push_back(line);
  }
  if (!picture.lines.empty()) {
    out.push_back(std::move(picture));
  }
  if (const auto sentence = text_in(explanation, "sentence"); !sentence.empty()) {
    out.push_back({"", {fmt::format("\"{}\"", sentence)}});
  }
  std::vector<std::string> parts;
  const auto reduced = part_of(schedule, "reduced");
  if (const auto switches = number_in(reduced, "switches", -1); switches >= 0) {
    parts.push_back(switches == 0 ? "no forced switch is needed"
                                  : fmt::format("{} {} enough",
                                                plural(static_cast<size_t>(switches),
                                                       "forced switch", "forced switches"),
                                                switches == 1 ? "is" : "are"));
  }
  const auto replays = part_of(schedule, "replays");
  if (const auto run = number_in(replays, "run", 0); run > 0) {
    parts.push_back(fmt::format("{} of {} failed again", number_in(replays, "failed", 0),
                                plural(static_cast<size_t>(run), "replay")));
  }
  if (!parts.empty()) {
    out.push_back({"order", {fmt::format("{}", fmt::join(parts, "; "))}});
  }
}

// How often which call was failed, and where that was too much.
void add_injections(std::vector<Finding>& out, const model::InjectionFacts& facts) {
  Finding counts{"injected", {}};
  for (const auto& run : facts.runs) {
    std::string line = fmt::format("{} at {} {}", run.effect, run.injected, run.call);
    line += run.failed > 0 ? fmt::format(", {} failed", run.failed) : "";
    counts.lines.push_back(line + (run.cut_off ? ", and there are more" : ""));
  }
  if (!counts.lines.empty()) {
    out.push_back(std::move(counts));
  }
  Finding failures{"failed", {}};
  for (const auto& one : facts.failures) {
    failures.lines.push_back(fmt::format("{} number {}{}: {}", one.call, one.nth,
                                         one.at.empty() ? "" : " (" + one.at + ")", one.reason));
  }
  if (failures.lines.size() > 1) {  // the reason tells of the first
    out.push_back(std::move(failures));
  }
}

// "4 pass, 1 fail", the kinds in the order of the enumeration.
std::string counted(const std::vector<const ScenarioRecord*>& entries) {
  std::vector<std::string> parts;
  for (auto kind :
       {VerdictKind::kPass, VerdictKind::kFail, VerdictKind::kInconclusive, VerdictKind::kError}) {
    const auto count = std::count_if(entries.begin(), entries.end(),
                                     [kind](const auto* entry) { return entry->verdict == kind; });
    if (count > 0) {
      parts.push_back(fmt::format("{} {}", count, to_word(kind)));
    }
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string scenarios_part(const std::vector<const ScenarioRecord*>& entries) {
  std::set<std::string_view> ids;
  for (const auto* entry : entries) {
    ids.insert(entry->id);
  }
  std::string out = plural(ids.size(), "scenario");
  if (ids.size() != entries.size()) {
    out += fmt::format(", {}", plural(entries.size(), "verdict"));
  }
  return fmt::format("{}: {}", out, counted(entries));
}

}  // namespace

std::string came_out(const ScenarioRecord& scenario) {
  const std::string word(to_word(scenario.verdict));
  if (!scenario.specimen) {
    return word;
  }
  if (scenario.as_it_should()) {
    return scenario.verdict == VerdictKind::kFail ? word + " (as the incident did)" : word;
  }
  if (scenario.verdict == VerdictKind::kPass) {
    return word + " (NOT CAUGHT: the scenario cannot fail)";
  }
  if (scenario.verdict == VerdictKind::kFail) {
    return word + " (FALSE ALARM: the cure fails as well)";
  }
  return fmt::format("{} (no answer, {} was due)", word, to_word(scenario.specimen->expected));
}

bool is_miscalibrated(const ScenarioRecord& scenario) {
  return scenario.specimen && !scenario.as_it_should() &&
         (scenario.verdict == VerdictKind::kPass || scenario.verdict == VerdictKind::kFail);
}

std::string label_of(const SubjectFacts& subject) {
  return subject.label.empty() ? subject.name : subject.label;
}

std::vector<std::string> remarks(const ScenarioRecord& scenario) {
  std::vector<std::string> out;
  if (scenario.specimen) {
    out.push_back("specimen " + scenario.specimen->name);
  }
  for (const SubjectFacts& subject : scenario.subjects) {
    const bool usual = subject.origin == "given" || subject.origin == "package" ||
                       (subject.origin == "specimen" && scenario.specimen);
    if (!usual) {
      out.push_back(fmt::format("{}: {}", subject.name, subject.origin));
    }
  }
  return out;
}

std::string failure_kind(const ScenarioRecord& scenario) {
  const bool hang = scenario.diagnosis && scenario.diagnosis->verdict == Movement::kHang;
  return hang && scenario.verdict == VerdictKind::kFail
             ? std::string(to_word(scenario.diagnosis->cause))
             : "expectation";
}

std::string movement(const Diagnosis& diagnosis) {
  const auto word = to_word(diagnosis.verdict);
  return diagnosis.proof == Proof::kNone ? std::string(word)
                                         : fmt::format("{} ({})", word, to_word(diagnosis.proof));
}

std::string control_sentence(const ControlFacts& control) {
  if (control.outcome == "ended") {
    return fmt::format("with {} it ended after {}", control.change, seconds(control.duration_ms));
  }
  if (control.outcome == "hang") {
    return fmt::format("with {} it hung all the same", control.change);
  }
  return fmt::format("with {}: {}", control.change, control.outcome);
}

std::string trials_sentence(const TrialCounts& trials) {
  if (trials.run <= 1) {
    return "";
  }
  if (trials.failed == 0) {
    return fmt::format("none of {} failed", trials.run);
  }
  std::string out = fmt::format("{} of {} failed", trials.failed, trials.run);
  if (trials.first_failure) {
    out += fmt::format(", number {} first", *trials.first_failure);
  }
  return out;
}

std::string schedule_words(const ScenarioRecord& scenario) {
  if (!scenario.schedule.is_object() || scenario.trials.run == 0) {
    return "";
  }
  if (scenario.schedule.contains("replayed")) {
    return "order replayed";
  }
  if (!scenario.trials.first_failure) {
    return plural(static_cast<size_t>(scenario.trials.run), "schedule");
  }
  const auto settings = part_of(scenario.schedule, "settings");
  return fmt::format("schedule {} of {}", *scenario.trials.first_failure,
                     number_in(settings, "trials", scenario.trials.run));
}

std::vector<Finding> findings(const ScenarioRecord& scenario) {
  std::vector<Finding> out;
  const bool diagnosed = scenario.diagnosis && scenario.verdict != VerdictKind::kPass;
  if (diagnosed) {
    out.push_back(seen(*scenario.diagnosis));
  }
  if (!scenario.reason.empty() && !(diagnosed && scenario.reason == scenario.diagnosis->sentence)) {
    out.push_back({"", {scenario.reason}});
  }
  if (scenario.tree) {
    auto on_disk = differences(*scenario.tree);
    if (on_disk.lines.size() > 1) {  // the reason tells the first
      out.push_back(std::move(on_disk));
    }
  }
  if (scenario.injection) {
    add_injections(out, *scenario.injection);
  }
  if (scenario.schedule.is_object()) {
    add_schedule(out, scenario.schedule);
  } else if (scenario.trials.failed > 0 && scenario.trials.run > 1) {
    out.push_back({"trials", {trials_sentence(scenario.trials)}});
  }
  if (scenario.control) {
    out.push_back({"control", {control_sentence(*scenario.control)}});
  }
  for (const model::Stall& stall : scenario.stalls) {
    out.push_back({"penalty " + seconds(stall.duration_ms),
                   {fmt::format("{}, {}", to_word(stall.cause), stall.sentence)}});
  }
  for (const std::string& note : scenario.notes) {
    out.push_back({"note", {note}});
  }
  return out;
}

bool wants_replay(const ScenarioRecord& scenario) {
  return !scenario.as_it_should() && !scenario.replay.empty();
}

std::string summary(const Record& record) {
  std::vector<const ScenarioRecord*> entries;
  std::vector<const ScenarioRecord*> specimens;
  for (const ScenarioRecord& scenario : record.scenarios) {
    (scenario.specimen ? specimens : entries).push_back(&scenario);
  }
  std::vector<std::string> parts;
  if (!entries.empty()) {
    parts.push_back(scenarios_part(entries));
  }
  if (!specimens.empty()) {
    const auto well = std::count_if(specimens.begin(), specimens.end(),
                                    [](const auto* entry) { return entry->as_it_should(); });
    parts.push_back(
        fmt::format("{} of {} as expected", well, plural(specimens.size(), "specimen")));
  } else if (!entries.empty() && std::all_of(entries.begin(), entries.end(), [](const auto* entry) {
               return entry->calibration.complete;
             })) {
    parts.emplace_back("specimens caught before");
  }
  if (parts.empty()) {
    parts.emplace_back("nothing was run");
  }
  return fmt::format("{}: {}; {}, seed {}", to_word(record.verdict), fmt::join(parts, "; "),
                     seconds(record.duration_ms), record.seed);
}

}  // namespace relapse::reports
