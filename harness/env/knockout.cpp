#include "env/knockout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "env/build_text.h"
#include "env/knockout_judge.h"
#include "model/redactor.h"
#include "os/files.h"

namespace relapse::env {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Observation;
using model::Result;
using model::TrialEnd;

namespace {

// A machine can be ten times as slow in one minute as in another; a build much slower than that
// is waiting for something.
constexpr double kSlowerAtMost = 10;
constexpr double kDeadlineMsMin = 60'000;

// One build that has been done.
struct Built {
  Environment env;
  Observation seen;
  std::string copy;  // of its outputs, where one was made
};

// The outputs of a build as one tree, each below its number.
Artifact artifact_of(const Built& built, const std::vector<std::string>& outputs) {
  Artifact artifact;
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto found = built.seen.trees.find(outputs[i]);
    if (found == built.seen.trees.end()) {
      continue;
    }
    for (const auto& [path, entry] : found->second) {
      artifact.tree[fmt::format("{}/{}", i, path)] = entry;
    }
  }
  if (!built.copy.empty()) {
    artifact.read = [copy = built.copy](const std::string& path) -> std::optional<std::string> {
      auto text = os::read_file(copy + "/" + path);
      return text ? std::optional(std::move(*text)) : std::nullopt;
    };
  }
  return artifact;
}

// "0/assets/a.js" → "assets/a.js"; with several outputs their own names stand in front.
std::string shown_path(const std::string& path, const std::vector<std::string>& outputs) {
  const size_t slash = path.find('/');
  const std::string rest = path.substr(slash + 1);
  return outputs.size() == 1 ? rest : outputs[std::stoul(path.substr(0, slash))] + "/" + rest;
}

class Knockout {
 public:
  Knockout(const KnockoutRequest& request, CommandRunner& runner)
      : request_(request), runner_(runner), redactor_(values_of(request.supplied)) {
    began_ms_ = request.now_ms();
    for (const auto& [name, value] : request.supplied) {
      standing_[name].supplied = true;
    }
    for (const auto& name : request.candidates) {
      standing_[name];
    }
    size_t index = 0;
    for (const auto& [name, standing] : standing_) {
      canaries_[name] = canary_of(index++);
    }
  }

  Result<KnockoutReport> run();

 private:
  static std::vector<std::string> values_of(const Environment& env) {
    std::vector<std::string> values;
    for (const auto& [name, value] : env) {
      values.push_back(value);
    }
    return values;
  }

  Environment with_unsupplied(Environment env) const;
  WorldCommand command_for(const Environment& env, const std::string& label, bool copy);
  Result<std::vector<Built>> build(const std::vector<Cell>& cells, bool copy, bool in_budget);
  Result<> first_round();
  Result<> settle_bases(std::vector<Built> built);
  Result<> vary_again(Base& base, const Built& first, const Built& second);
  Result<> base_each_alone();
  void follow_canaries(const Built& built);
  Result<> try_names();
  KnockoutName report_name(const std::string& name, const Base& base) const;
  Error no_reference(const Built& built) const;
  double left_ms() const;

  const KnockoutRequest& request_;
  CommandRunner& runner_;
  model::Redactor redactor_;
  double began_ms_ = 0;
  bool second_attempt_ = false;
  double deadline_ms_ = 0;
  double typical_ms_ = 0;
  int copies_ = 0;
  std::map<std::string, Standing> standing_;
  Environment canaries_;
  Base supplied_;                          // what supplied names are taken from
  Base all_;                               // what the others are taken from
  std::map<std::string, Base> alone_;      // where not all of them can be there together
  std::set<std::string> without_base_;     // no made-up value lets the build pass
  std::map<Environment, Built> finished_;  // no environment is built twice for the same end
  KnockoutReport report_;
};

Environment Knockout::with_unsupplied(Environment env) const {
  for (const auto& [name, standing] : standing_) {
    if (!standing.supplied) {
      env[name] = canaries_.at(name);
    }
  }
  return env;
}

double Knockout::left_ms() const {
  return request_.budget_ms ? *request_.budget_ms - (request_.now_ms() - began_ms_) : 1e12;
}

WorldCommand Knockout::command_for(const Environment& env, const std::string& label, bool copy) {
  WorldCommand command;
  command.label = label;
  std::vector<std::string> remove = request_.clean.remove;
  std::vector<std::string> empty;
  if (second_attempt_) {
    empty = request_.clean.outputs;
  } else {
    remove.insert(remove.end(), request_.clean.ignored.begin(), request_.clean.ignored.end());
    remove.insert(remove.end(), request_.clean.outputs.begin(), request_.clean.outputs.end());
  }
  // Not the folder that the build stands in.
  auto here = [&](const std::string& path) {
    return (request_.folder + "/").starts_with(path + "/");
  };
  std::erase_if(remove, here);
  std::erase_if(empty, here);
  command.argv = begin_clean(request_.build, remove, empty);
  command.folder = request_.folder;
  command.env = request_.base;
  for (const auto& [name, value] : env) {
    command.env[name] = value;
  }
  command.mounts = request_.mounts;
  command.deadline_ms = deadline_ms_;
  command.secrets = values_of(request_.supplied);
  const std::string folder = fmt::format("{}/build-{}", request_.scratch, copies_++);
  for (size_t i = 0; i < request_.outputs.size(); ++i) {
    command.collect.push_back(
        {request_.outputs[i], copy ? fmt::format("{}/{}", folder, i) : std::string()});
  }
  return command;
}

Result<std::vector<Built>> Knockout::build(const std::vector<Cell>& cells, bool copy,
                                           bool in_budget) {
  std::vector<WorldCommand> commands;
  std::vector<Built> built(cells.size());
  for (size_t i = 0; i < cells.size(); ++i) {
    if (copy) {
      built[i].copy = fmt::format("{}/build-{}", request_.scratch, copies_);
    }
    built[i].env = cells[i].env;
    commands.push_back(command_for(cells[i].env, cells[i].label, copy));
    if (in_budget) {
      commands.back().still_wanted = [this] { return left_ms() > typical_ms_; };
    }
  }
  auto seen = runner_.run(commands, request_.jobs);
  if (!seen) {
    return seen.error();
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    built[i].seen = std::move((*seen)[i]);
    report_.builds += built[i].seen.end == TrialEnd::kInterrupted ? 0 : 1;
  }
  return built;
}

Error Knockout::no_reference(const Built& built) const {
  const Observation& seen = built.seen;
  if (seen.end == TrialEnd::kSetupFailed) {
    return seen.error;
  }
  std::string how = seen.end == TrialEnd::kDeadline
                        ? fmt::format("does not end within {:.0f} s", deadline_ms_ / 1000)
                    : seen.signaled ? fmt::format("is ended by signal {}", seen.exit_code)
                                    : fmt::format("fails with exit code {}", seen.exit_code);
  // Redacted before it is cut.
  std::string text = redactor_.clean(plain_text(seen.output_tail));
  constexpr size_t kShown = 1200;
  if (text.size() > kShown) {
    text = "…" + text.substr(text.size() - kShown);
  }
  return {
      ErrorKind::kUnavailable,
      fmt::format("the build {} although nothing was taken from it; it printed:\n{}", how, text),
      "it runs without network, in a clean copy and with no variables but those of --env-file: "
      "is something missing there? Names that are wanted: --candidates A,B"};
}

// The builds that all others are compared with.
Result<> Knockout::first_round() {
  deadline_ms_ = request_.deadline_ms;
  const Environment& given = request_.supplied;
  std::vector<Cell> cells = {{"", Lack::kUnset, given, "build as supplied"},
                             {"", Lack::kUnset, given, "the same build again"},
                             {"", Lack::kUnset, canaries_, "build with canaries"}};
  const Environment all = with_unsupplied(given);
  if (all != given && all != canaries_) {
    cells.push_back({"", Lack::kUnset, all, "build with every name supplied"});
  }
  auto built = build(cells, true, false);
  if (!built) {
    return built.error();
  }
  for (const Built& one : *built) {
    if (one.seen.end == TrialEnd::kInterrupted) {
      return Error{ErrorKind::kUnavailable, "interrupted before a reference build had ended"};
    }
  }
  return settle_bases(std::move(*built));
}

Result<> Knockout::settle_bases(std::vector<Built> built) {
  const Built& all = built.size() > 3 ? built[3] : built[2];
  const bool has_all = with_unsupplied(request_.supplied) != request_.supplied;
  report_.reference.passes = passes(built[0].seen);
  if (!report_.reference.passes && !(has_all && passes(all.seen))) {
    if (built[0].seen.end == TrialEnd::kSetupFailed || second_attempt_) {
      return no_reference(built[0]);
    }
    second_attempt_ = true;
    report_.notes.push_back(
        "in a clean copy the build fails; tried with what git ignores left in place, and the "
        "output folder there but empty");
    return first_round();
  }
  const Built& first = report_.reference.passes ? built[0] : all;
  typical_ms_ = first.seen.duration_ms;
  deadline_ms_ =
      std::min(request_.deadline_ms, std::max(kDeadlineMsMin, typical_ms_ * kSlowerAtMost));
  report_.reference.seconds = typical_ms_ / 1000;
  follow_canaries(built[2]);
  for (const auto& [name, standing] : standing_) {
    standing_[name].named_by_failure =
        !passes(built[0].seen) && names_word(plain_text(built[0].seen.output_tail), name);
  }
  if (report_.reference.passes) {
    supplied_.env = request_.supplied;
    RELAPSE_TRY(vary_again(supplied_, built[0], built[1]));
    finished_[request_.supplied] = built[0];
  }
  if (has_all && passes(all.seen)) {
    all_.env = all.env;
    if (report_.reference.passes && supplied_.noise_free) {
      all_.output = plain_text(all.seen.output_tail);
      all_.reference.emplace(artifact_of(all, request_.outputs));
    } else {
      auto again = build({{"", Lack::kUnset, all.env, "the same build again"}}, true, false);
      if (!again) {
        return again.error();
      }
      RELAPSE_TRY(vary_again(all_, all, again->front()));
    }
    finished_[all.env] = all;
    if (!report_.reference.passes) {
      supplied_ = all_;
      finished_[request_.supplied] = built[0];
    }
  } else if (has_all) {
    report_.notes.push_back(
        "with made-up values for all that is not supplied the build fails: each was tried alone");
    return base_each_alone();
  }
  return Done{};
}

// Two builds of the same; a third, where they differ, shows whether what was learned holds.
Result<> Knockout::vary_again(Base& base, const Built& first, const Built& second) {
  base.output = plain_text(first.seen.output_tail);
  const Artifact one = artifact_of(first, request_.outputs);
  if (!passes(second.seen)) {
    return Error{ErrorKind::kUnavailable,
                 "of two equal builds one passes and one fails: nothing can be compared with that"};
  }
  base.reference.emplace(one, artifact_of(second, request_.outputs));
  base.noise_free = base.reference->deterministic();
  if (one.tree.empty()) {
    return Error{
        ErrorKind::kUsage,
        fmt::format("the build passes and leaves nothing in {}", fmt::join(request_.outputs, ", ")),
        "--output names the folder that the build writes"};
  }
  ReferenceFacts& facts = report_.reference;
  facts.deterministic = base.noise_free;
  facts.files = one.tree.size();
  if (request_.keep_outputs) {
    facts.output_copy = first.copy;
  }
  if (base.noise_free) {
    return Done{};
  }
  auto third = build({{"", Lack::kUnset, base.env, "the same build a third time"}}, true, false);
  if (!third) {
    return third.error();
  }
  if (passes(third->front().seen)) {
    base.reference->check(artifact_of(third->front(), request_.outputs));
  }
  facts.varying.clear();
  for (const auto& path : base.reference->varying_paths()) {
    facts.varying.push_back(redactor_.clean(shown_path(path, request_.outputs)));
  }
  return Done{};
}

// Where the names that nobody supplies cannot all be made up at once: each with what is supplied.
Result<> Knockout::base_each_alone() {
  std::vector<Cell> cells;
  for (const auto& [name, standing] : standing_) {
    if (standing.supplied) {
      continue;
    }
    auto values = made_up_values();
    values.insert(values.begin(), canaries_.at(name));
    for (const auto& value : values) {
      Environment env = request_.supplied;
      env[name] = value;
      cells.push_back({name, Lack::kUnset, env, "build with a made-up " + name});
    }
  }
  auto built = build(cells, true, true);
  if (!built) {
    return built.error();
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string& name = cells[i].name;
    if (!alone_.contains(name) && passes((*built)[i].seen)) {
      Base base;
      base.env = cells[i].env;
      base.output = plain_text((*built)[i].seen.output_tail);
      base.reference.emplace(artifact_of((*built)[i], request_.outputs));
      // What varies by itself is known of the build as supplied alone.
      base.noise_known = supplied_.noise_free;
      alone_[name] = std::move(base);
    }
  }
  for (const auto& [name, standing] : standing_) {
    if (!standing.supplied && !alone_.contains(name)) {
      without_base_.insert(name);
    }
  }
  return Done{};
}

void Knockout::follow_canaries(const Built& built) {
  const Artifact artifact = artifact_of(built, request_.outputs);
  std::set<std::string> open;
  for (const auto& [name, standing] : standing_) {
    open.insert(name);
  }
  for (const auto& [path, entry] : artifact.tree) {
    if (entry.kind != model::FileEntry::Kind::kFile) {
      continue;
    }
    auto text = artifact.read(path);
    std::erase_if(open, [&](const std::string& name) {
      const bool found = text && text->find(canaries_.at(name)) != std::string::npos;
      standing_[name].reaches_output = standing_[name].reaches_output || found;
      return found;
    });
  }
}

Result<> Knockout::try_names() {
  auto base_of = [&](const std::string& name) -> const Base& {
    auto found = alone_.find(name);
    return found != alone_.end() ? found->second : standing_.at(name).supplied ? supplied_ : all_;
  };
  const auto order = likely_first(standing_);
  std::vector<Cell> cells;
  for (const auto& name : order) {
    for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
      Environment env = without(base_of(name).env, name, lack);
      const bool known = finished_.contains(env) || without_base_.contains(name) ||
                         std::any_of(cells.begin(), cells.end(),
                                     [&](const Cell& cell) { return cell.env == env; });
      if (!known) {
        cells.push_back(
            {name, lack, env,
             fmt::format("build {} {}", lack == Lack::kUnset ? "without" : "with an empty", name)});
      }
    }
  }
  const bool copy = request_.keep_outputs || !supplied_.noise_free || !all_.noise_free;
  auto built = build(cells, copy, true);
  if (!built) {
    return built.error();
  }
  for (auto& one : *built) {
    finished_[one.env] = std::move(one);
  }
  for (const auto& name : order) {
    report_.names.push_back(report_name(name, base_of(name)));
  }
  return Done{};
}

KnockoutName Knockout::report_name(const std::string& name, const Base& base) const {
  KnockoutName out;
  out.name = name;
  out.supplied = standing_.at(name).supplied;
  out.reaches_output = standing_.at(name).reaches_output;
  for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
    Outcome& outcome = lack == Lack::kUnset ? out.unset : out.empty;
    if (without_base_.contains(name)) {
      outcome.effect = Effect::kUndecidable;
      outcome.why = "with no value that was made up for it does the build pass: supply one";
      continue;
    }
    const Built& built = finished_.at(without(base.env, name, lack));
    outcome = judge_build(base, name, built.seen, artifact_of(built, request_.outputs), redactor_);
    for (auto& path : outcome.paths) {
      path = redactor_.clean(shown_path(path, request_.outputs));
    }
    if (request_.keep_outputs && outcome.passes) {
      outcome.output_copy = built.copy;
    }
    if (outcome.effect != Effect::kNotTried) {
      out.seconds += built.seen.duration_ms / 1000;
    }
  }
  return out;
}

Result<KnockoutReport> Knockout::run() {
  RELAPSE_TRY(first_round());
  RELAPSE_TRY(try_names());
  for (const auto& name : report_.names) {
    if (name.unset.effect == Effect::kNotTried || name.empty.effect == Effect::kNotTried) {
      report_.not_tried.push_back(name.name);
    }
  }
  report_.interrupted = runner_.interrupted() != 0;
  report_.seconds = (request_.now_ms() - began_ms_) / 1000;
  return std::move(report_);
}

}  // namespace

Result<KnockoutReport> run_knockout(const KnockoutRequest& request, CommandRunner& runner) {
  return Knockout(request, runner).run();
}

}  // namespace relapse::env
