#include "model/redactor.h"

#include <algorithm>
#include <utility>

namespace relapse::model {

namespace {

using nlohmann::json;

struct Stretch {
  size_t begin;
  size_t end;
};

std::string trimmed(const std::string& value) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = value.find_first_not_of(kSpace);
  const size_t end = value.find_last_not_of(kSpace);
  return begin == std::string::npos ? "" : value.substr(begin, end + 1 - begin);
}

std::string as_in_json(const std::string& value) {
  const std::string quoted = json(value).dump(-1, ' ', false, json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const std::string bare = trimmed(value);
    for (const std::string& form : {value, bare, as_in_json(bare)}) {
      if (form.size() >= kMinBytes &&
          std::find(values_.begin(), values_.end(), form) == values_.end()) {
        values_.push_back(form);
      }
    }
  }
}

std::string Redactor::clean(std::string_view text) const {
  std::vector<Stretch> covered;
  for (const std::string& value : values_) {
    // Occurrences may overlap themselves ("abab" in "ababab"), so the search moves on by one.
    for (size_t at = text.find(value); at != std::string_view::npos;
         at = text.find(value, at + 1)) {
      covered.push_back({at, at + value.size()});
    }
  }
  std::sort(covered.begin(), covered.end(),
            [](const Stretch& a, const Stretch& b) { return a.begin < b.begin; });
  std::string out;
  size_t done = 0;
  for (size_t i = 0; i < covered.size();) {
    Stretch stretch = covered[i];
    for (++i; i < covered.size() && covered[i].begin < stretch.end; ++i) {
      stretch.end = std::max(stretch.end, covered[i].end);
    }
    out += text.substr(done, stretch.begin - done);
    out += "***";
    done = stretch.end;
  }
  out += text.substr(done);
  return out;
}

void Redactor::clean_in_place(std::string& text) const {
  text = clean(text);
}

void Redactor::clean_in_place(json& value) const {
  if (value.is_string()) {
    value = clean(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    for (json& item : value) {
      clean_in_place(item);
    }
  } else if (value.is_object()) {
    json out = json::object();
    for (auto& [key, item] : value.items()) {
      clean_in_place(item);
      out[clean(key)] = std::move(item);
    }
    value = std::move(out);
  }
}

void Redactor::clean_in_place(ProcessRef& process) const {
  clean_in_place(process.name);
  clean_in_place(process.detail);
}

void Redactor::clean_in_place(Diagnosis& diagnosis) const {
  for (auto* process : {&diagnosis.process, &diagnosis.peer}) {
    if (*process) {
      clean_in_place(**process);
    }
  }
  clean_in_place(diagnosis.sentence);
  for (std::string& fact : diagnosis.evidence) {
    clean_in_place(fact);
  }
  for (WaitNode& node : diagnosis.nodes) {
    clean_in_place(node.process);
    clean_in_place(node.state);
    clean_in_place(node.activity);
  }
  for (WaitEdge& edge : diagnosis.edges) {
    clean_in_place(edge.object);
  }
}

void Redactor::clean_in_place(ScenarioRecord& scenario) const {
  for (auto* text : {&scenario.id, &scenario.component, &scenario.variant, &scenario.reason,
                     &scenario.calibration.bad, &scenario.calibration.good, &scenario.output_tail,
                     &scenario.replay}) {
    clean_in_place(*text);
  }
  for (SubjectFacts& subject : scenario.subjects) {
    for (auto* text : {&subject.name, &subject.origin, &subject.path, &subject.sha256,
                       &subject.version, &subject.label}) {
      clean_in_place(*text);
    }
  }
  if (scenario.specimen) {
    clean_in_place(scenario.specimen->name);
  }
  if (scenario.diagnosis) {
    clean_in_place(*scenario.diagnosis);
  }
  for (Stall& stall : scenario.stalls) {
    clean_in_place(stall.sentence);
  }
  if (scenario.control) {
    clean_in_place(scenario.control->change);
    clean_in_place(scenario.control->outcome);
  }
  if (scenario.tree) {
    for (TreeDifference& one : scenario.tree->first) {
      clean_in_place(one.path);
      clean_in_place(one.expected);
      clean_in_place(one.seen);
    }
  }
  if (scenario.injection) {
    clean_in_place(scenario.injection->settings);
    clean_in_place(scenario.injection->command);
    for (InjectionRun& run : scenario.injection->runs) {
      clean_in_place(run.call);
      clean_in_place(run.effect);
    }
    for (InjectionFailure& failure : scenario.injection->failures) {
      for (auto* text : {&failure.call, &failure.effect, &failure.option, &failure.value,
                         &failure.at, &failure.reason}) {
        clean_in_place(*text);
      }
    }
  }
  clean_in_place(scenario.schedule);
  for (std::string& note : scenario.notes) {
    clean_in_place(note);
  }
}

Record Redactor::clean(Record record) const {
  for (auto* text : {&record.version, &record.commit, &record.command, &record.started,
                     &record.host.kernel, &record.host.privileges}) {
    clean_in_place(*text);
  }
  std::map<std::string, std::string> capabilities;
  for (const auto& [name, found] : record.host.capabilities) {
    capabilities[clean(name)] = clean(found);
  }
  record.host.capabilities = std::move(capabilities);
  for (ScenarioRecord& scenario : record.scenarios) {
    clean_in_place(scenario);
  }
  return record;
}

}  // namespace relapse::model
