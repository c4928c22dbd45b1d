#pragma once
// What the writers say in the same words, so that a terminal, a CI page and a file never disagree.
// Nothing here is escaped: each writer does that for its own form.

#include <string>
#include <vector>

#include "model/record.h"

namespace relapse::reports {

// "pass"; for a specimen also whether that is what had to come: "fail (as the incident did)".
std::string came_out(const model::ScenarioRecord& scenario);

// A specimen answered, and wrongly: the scenario itself cannot be believed.
bool is_miscalibrated(const model::ScenarioRecord& scenario);

// For people: the label if there is one, else the role.
std::string label_of(const model::SubjectFacts& subject);

// What is not the plain case: the specimen that stood in, subjects that are not what users run.
std::vector<std::string> remarks(const model::ScenarioRecord& scenario);

// The kind of a failure as a word for machines: the cause of a hang, else "expectation".
std::string failure_kind(const model::ScenarioRecord& scenario);

// "hang (proved)".
std::string movement(const model::Diagnosis& diagnosis);

std::string control_sentence(const model::ControlFacts& control);
std::string trials_sentence(const model::TrialCounts& trials);  // empty for a single trial

// "schedule 2 of 200", where one failed; "200 schedules"; empty where the fault is no schedule.
std::string schedule_words(const model::ScenarioRecord& scenario);

// One thing to know about an entry: "hang (proved)" and its lines, "note" and its one line.
struct Finding {
  std::string head;  // may be empty
  std::vector<std::string> lines;
  bool drawn = false;  // a picture: its columns stand one below the other
};

// In the order in which a person asks: what was seen, why that is the verdict, what it costs.
std::vector<Finding> findings(const model::ScenarioRecord& scenario);

// Somebody will want to see it again: it did not come out as it should, and can be replayed.
bool wants_replay(const model::ScenarioRecord& scenario);

// The whole run in one line, its verdict first.
std::string summary(const model::Record& record);

}  // namespace relapse::reports
