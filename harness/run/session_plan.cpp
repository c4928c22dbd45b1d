#include "run/session_plan.h"

#include <fmt/format.h>

#include <set>

#include "model/nearest.h"
#include "scenario/planner.h"
#include "scenario/scenario_file.h"

namespace relapse::run {

using model::Error;
using model::ErrorKind;
using model::Result;
using model::Scenario;
using model::VerdictKind;

namespace {

// Whole scenarios, each with its proof; dealt out in turn, for neighbours take alike long.
Result<std::vector<std::string>> part_of(const std::vector<std::string>& names,
                                         const model::ShardFacts& shard) {
  if (static_cast<size_t>(shard.count) > names.size()) {
    return Error{ErrorKind::kUsage,
                 fmt::format("--shard {}/{}: there are {} scenarios to share out", shard.index,
                             shard.count, names.size()),
                 "a shard without a scenario would prove nothing"};
  }
  std::vector<std::string> part;
  for (auto i = static_cast<size_t>(shard.index - 1); i < names.size();
       i += static_cast<size_t>(shard.count)) {
    part.push_back(names[i]);
  }
  return part;
}

class SessionPlanner {
 public:
  SessionPlanner(const SessionRequest& request, SubjectResolver& resolver,
                 const CalibrationMemory& memory)
      : request_(request), resolver_(resolver), memory_(memory), tools_(find_host_tools()) {}

  Result<SessionPlan> plan() {
    auto ready = load();
    ready = ready ? plan_all() : ready;
    if (!ready) {
      return ready.error();
    }
    return std::move(out_);
  }

 private:
  Result<> load();
  Result<> check_given() const;
  Result<> plan_all();
  Result<> plan_variants(const Scenario& scenario);
  Result<> plan_cases(const Scenario& scenario);
  Result<> add(const Scenario& scenario, const std::string& name,
               const std::map<std::string, std::string>& use,
               const model::CalibrationCase* calibration);
  void refuse(Entry& entry, const std::map<std::string, ResolvedSubject>& subjects) const;
  std::string replay_command(const Scenario& scenario, const std::string& name, bool is_case) const;

  const SessionRequest& request_;
  SubjectResolver& resolver_;
  const CalibrationMemory& memory_;
  HostTools tools_;
  SessionPlan out_;
};

Result<> SessionPlanner::load() {
  auto names = request_.scenarios.empty() ? list_scenarios(request_.project) : request_.scenarios;
  if (request_.shard) {
    auto part = part_of(names, *request_.shard);
    if (!part) {
      return part.error();
    }
    names = *std::move(part);
  }
  for (const auto& name : names) {
    auto scenario = load_scenario(request_.project, name);
    if (!scenario) {
      return scenario.error();
    }
    if (request_.quiet_ms) {
      scenario->quiet_ms = *request_.quiet_ms;
    }
    out_.scenarios.push_back(std::move(*scenario));
  }
  return check_given();
}

Result<> SessionPlanner::check_given() const {
  std::set<std::string> roles;
  for (const auto& scenario : out_.scenarios) {
    for (const auto& [name, role] : scenario.roles) {
      roles.insert(name);
    }
  }
  for (const auto& [name, path] : resolver_.given()) {
    if (!roles.contains(name)) {
      return Error{ErrorKind::kUsage,
                   fmt::format("--subject {}: no scenario has such a role", name),
                   model::suggestion(name, {roles.begin(), roles.end()})};
    }
  }
  return model::Done{};
}

std::string SessionPlanner::replay_command(const Scenario& scenario, const std::string& name,
                                           bool is_case) const {
  std::string command = fmt::format("relapse {} {} {} '{}'", is_case ? "calibrate" : "run",
                                    scenario.id, is_case ? "--case" : "--variant", name);
  for (const auto& [role, path] : resolver_.given()) {
    command += is_case || !scenario.roles.contains(role)
                   ? ""
                   : fmt::format(" --subject {}={}", role, path);
  }
  return command + fmt::format(" --seed {}", request_.seed);
}

// An entry that cannot be run says so itself: inconclusive, with what to do about it.
void SessionPlanner::refuse(Entry& entry,
                            const std::map<std::string, ResolvedSubject>& subjects) const {
  for (const auto& [name, subject] : subjects) {
    const bool missing = subject.facts.origin == "missing";
    const bool unreal =
        request_.require_real && !entry.record.specimen && subject.facts.origin == "reconstruction";
    if (missing || unreal) {
      entry.record.verdict = VerdictKind::kInconclusive;
      entry.record.reason =
          missing ? fmt::format("the {} is missing: {} ({})", name,
                                subject.facts.path.empty() ? "none was given" : subject.facts.path,
                                subject.remedy)
                  : fmt::format(
                        "the {} is a reconstruction, and --require-real refuses it (give "
                        "the real one: --subject {}=PATH)",
                        name, name);
      return;
    }
  }
}

Result<> SessionPlanner::add(const Scenario& scenario, const std::string& name,
                             const std::map<std::string, std::string>& use,
                             const model::CalibrationCase* calibration) {
  Entry entry;
  entry.scenario = &scenario;
  entry.record.id = scenario.id;
  entry.record.component = scenario.component;
  entry.record.variant = name;
  entry.record.replay = replay_command(scenario, name, calibration != nullptr);
  if (calibration != nullptr) {
    entry.record.specimen = model::SpecimenFacts{name, calibration->verdict};
  }
  std::map<std::string, ResolvedSubject> subjects;
  for (const auto& [role_name, role] : scenario.roles) {
    auto chosen = use.find(role_name);
    // A given program outweighs what a variant would use; a calibration has its own.
    const bool own = calibration == nullptr && resolver_.is_given(role_name);
    std::string choice = own || chosen == use.end() ? "" : chosen->second;
    if (calibration != nullptr && choice.empty()) {
      choice = role.default_choice;
    }
    subjects[role_name] = resolver_.resolve(role_name, role, choice);
    entry.record.subjects.push_back(subjects[role_name].facts);
  }
  refuse(entry, subjects);
  if (entry.record.reason.empty() && model::is_of_project(scenario)) {
    const auto& subject = subjects.at(scenario.subject);
    entry.project = ProjectRequest{&scenario, name, subject.facts.path, subject.patches,
                                   calibration != nullptr ? calibration->step : ""};
  } else if (entry.record.reason.empty()) {
    const Scenario own = calibration != nullptr ? model::in_case(scenario, *calibration)
                                                : model::in_variant(scenario, name);
    auto plan = make_plan(own, name, subjects, tools_, request_.seed);
    if (!plan) {
      return plan.error();
    }
    plan->specimen = entry.record.specimen;
    if (calibration != nullptr) {
      plan->expected_cause = calibration->cause;
    }
    entry.plan = std::move(*plan);
  }
  out_.entries.push_back(std::move(entry));
  return model::Done{};
}

Result<> SessionPlanner::plan_variants(const Scenario& scenario) {
  std::set<std::map<std::string, std::string>> seen;  // of those with the scenario's own world
  std::vector<std::string> names;
  bool any = false;
  for (const auto& variant : scenario.variants) {
    names.push_back(variant.name);
    if (!request_.variant.empty() && request_.variant != variant.name) {
      continue;
    }
    any = true;
    // Variants that differ only in what was given are one and the same.
    auto left = variant.use;
    std::erase_if(left, [&](const auto& one) { return resolver_.is_given(one.first); });
    if (!variant.world && !seen.insert(left).second) {
      continue;
    }
    auto added = add(scenario, variant.name, variant.use, nullptr);
    if (!added) {
      return added;
    }
  }
  if (!any && out_.scenarios.size() == 1) {
    return Error{ErrorKind::kUsage,
                 fmt::format("{} has no variant '{}'", scenario.id, request_.variant),
                 model::suggestion(request_.variant, names)};
  }
  return model::Done{};
}

Result<> SessionPlanner::plan_cases(const Scenario& scenario) {
  const bool chosen = request_.kind == SessionKind::kCalibrate && !request_.variant.empty();
  std::vector<std::string> names;
  bool any = false;
  for (const auto& one : scenario.calibration) {
    names.push_back(one.name);
    if (chosen && one.name != request_.variant) {
      continue;
    }
    any = true;
    auto added = add(scenario, one.name, one.use, &one);
    if (!added) {
      return added;
    }
  }
  if (!any && out_.scenarios.size() == 1) {
    return Error{ErrorKind::kUsage,
                 fmt::format("{} has no calibration case '{}'", scenario.id, request_.variant),
                 model::suggestion(request_.variant, names)};
  }
  return model::Done{};
}

Result<> SessionPlanner::plan_all() {
  for (const auto& scenario : out_.scenarios) {
    if (request_.kind == SessionKind::kCalibrate) {
      auto planned = plan_cases(scenario);
      if (!planned) {
        return planned;
      }
      continue;
    }
    auto planned = plan_variants(scenario);
    if (planned && request_.calibrate != CalibrateWhen::kNever) {
      auto known = memory_.recall(scenario.id, proof_key(scenario, resolver_));
      if (known && request_.calibrate == CalibrateWhen::kWhenNeeded) {
        out_.remembered[scenario.id] = *known;
      } else {
        planned = plan_cases(scenario);
      }
    }
    if (!planned) {
      return planned;
    }
  }
  return model::Done{};
}

}  // namespace

Result<SessionPlan> plan_session(const SessionRequest& request, SubjectResolver& resolver,
                                 const CalibrationMemory& memory) {
  return SessionPlanner(request, resolver, memory).plan();
}

}  // namespace relapse::run
