#include "knockout/knockout.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "builds/build_text.h"
#include "knockout/knockout_builds.h"
#include "knockout/knockout_judge.h"

namespace relapse::env {

using model::Done;
using model::Error;
using model::ErrorKind;
using model::Result;
using model::TrialEnd;

namespace {

class Knockout {
 public:
  Knockout(const KnockoutRequest& request, CommandRunner& runner)
      : request_(request), runner_(runner), builds_(request, runner) {
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
  Environment unsupplied() const;
  Environment with_unsupplied(Environment env) const;
  Result<> first_round();
  Result<> settle_bases(std::vector<Built> built);
  Result<> vary_again(Base& base, const Built& first, const Built& second);
  Result<> make_up(const Built& given, Built& all);
  Result<> base_each_alone();
  Base& base_of(const std::string& name);
  Result<> try_names();
  Result<> sample_bases(const std::vector<std::string>& order);
  int agreeing(const Base& base, const std::vector<std::string>& order);
  Result<> look_again(const std::vector<std::string>& order);
  bool differs_unseen(const std::string& name, Lack lack);
  int lacks_unseen(const std::string& name);
  void compare_again(Base& base, bool is_reference, Built& again);
  void note_variation();
  KnockoutName report_name(const std::string& name, const Base& base) const;

  const KnockoutRequest& request_;
  CommandRunner& runner_;
  KnockoutBuilds builds_;
  std::map<std::string, Standing> standing_;
  Environment canaries_;
  Base supplied_;                          // what supplied names are taken from
  Base all_;                               // what the others are taken from
  std::map<std::string, Base> alone_;      // where not all of them can be there together
  std::set<std::string> without_base_;     // no made-up value lets the build pass
  std::set<const Base*> steady_;           // built so often that they are known not to vary
  std::map<Environment, Built> finished_;  // no environment is built twice for the same end
  KnockoutReport report_;
};

// What nobody supplies, with made-up values.
Environment Knockout::unsupplied() const {
  Environment env;
  for (const auto& [name, standing] : standing_) {
    if (!standing.supplied) {
      env[name] = canaries_.at(name);
    }
  }
  return env;
}

Environment Knockout::with_unsupplied(Environment env) const {
  env.merge(unsupplied());
  return env;
}

// The builds that all others are compared with.
Result<> Knockout::first_round() {
  const Environment& given = request_.supplied;
  std::vector<Cell> cells = {{"", Lack::kUnset, given, "build as supplied"},
                             {"", Lack::kUnset, given, "the same build again"}};
  const Environment all = with_unsupplied(given);
  if (all != given) {
    cells.push_back({"", Lack::kUnset, all, "build with every name supplied"});
  }
  // Values that tell of themselves show their way into the output as well as a canary does.
  if (all != canaries_ && telling_values(given).size() < given.size()) {
    cells.push_back({"", Lack::kUnset, canaries_, "build with canaries"});
  }
  auto built = builds_.build(cells, true, false);
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
  const bool has_all = with_unsupplied(request_.supplied) != request_.supplied;
  Built all = built[has_all ? 2 : 0];
  if (has_all && !passes(all.seen)) {
    RELAPSE_TRY(make_up(built[0], all));
  }
  report_.reference.passes = passes(built[0].seen);
  report_.reference.said =
      report_.reference.passes
          ? ""
          : telling_line(builds_.redactor().clean(plain_text(built[0].seen.output_tail)));
  if (!report_.reference.passes && !(has_all && passes(all.seen))) {
    if (built[0].seen.end == TrialEnd::kSetupFailed || builds_.keeps_ignored()) {
      return builds_.no_reference(built[0]);
    }
    builds_.keep_ignored();
    report_.notes.push_back(
        "in a clean copy the build fails; tried with what git ignores left in place, and the "
        "output folder there but empty");
    return first_round();
  }
  const Built& first = report_.reference.passes ? built[0] : all;
  builds_.set_typical(first.seen.duration_ms);
  report_.reference.seconds = first.seen.duration_ms / 1000;
  for (const auto& one : built) {
    for (const auto& name : builds_.shown_values(one)) {
      standing_[name].reaches_output = true;
    }
  }
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
      all_.reference.emplace(builds_.artifact_of(all));
    } else {
      auto again =
          builds_.build({{"", Lack::kUnset, all.env, "the same build again"}}, true, false);
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

// All together do not pass: with other values for some of the names, perhaps.
Result<> Knockout::make_up(const Built& given, Built& all) {
  auto found = builds_.make_up(given, unsupplied(), all);
  if (!found) {
    return found.error();
  }
  if (*found) {
    all = std::move(**found);
    report_.notes.emplace_back(
        "the build refuses some of the values that were made up; others were found for them");
    for (const auto& [name, standing] : standing_) {
      if (!all.env.contains(name)) {
        without_base_.insert(name);
      }
    }
  }
  return Done{};
}

// Two builds of the same; a third, where they differ, shows whether what was learned holds.
Result<> Knockout::vary_again(Base& base, const Built& first, const Built& second) {
  base.output = plain_text(first.seen.output_tail);
  const Artifact one = builds_.artifact_of(first);
  if (!passes(second.seen)) {
    return Error{ErrorKind::kUnavailable,
                 "of two equal builds one passes and one fails: nothing can be compared with that"};
  }
  base.reference.emplace(one, builds_.artifact_of(second));
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
  auto third =
      builds_.build({{"", Lack::kUnset, base.env, "the same build a third time"}}, true, false);
  if (!third) {
    return third.error();
  }
  if (passes(third->front().seen)) {
    base.reference->check(builds_.artifact_of(third->front()));
  }
  return Done{};
}

void Knockout::note_variation() {
  ReferenceFacts& facts = report_.reference;
  std::set<std::string> paths;
  for (const Base* base : {&supplied_, &all_}) {
    for (const auto& path :
         base->reference ? base->reference->varying_paths() : std::vector<std::string>()) {
      paths.insert(builds_.shown_path(path));
    }
  }
  facts.varying.assign(paths.begin(), paths.end());
  facts.deterministic = facts.deterministic && paths.empty();
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
  auto built = builds_.build(cells, true, true);
  if (!built) {
    return built.error();
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    const std::string& name = cells[i].name;
    if (!alone_.contains(name) && passes((*built)[i].seen)) {
      Base base;
      base.env = cells[i].env;
      base.output = plain_text((*built)[i].seen.output_tail);
      base.reference.emplace(builds_.artifact_of((*built)[i]));
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

Base& Knockout::base_of(const std::string& name) {
  auto found = alone_.find(name);
  return found != alone_.end() ? found->second : standing_.at(name).supplied ? supplied_ : all_;
}

Result<> Knockout::try_names() {
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
  auto built = builds_.build(cells, copy, true);
  if (!built) {
    return built.error();
  }
  for (auto& one : *built) {
    finished_[one.env] = std::move(one);
  }
  RELAPSE_TRY(look_again(order));
  for (const auto& name : order) {
    report_.names.push_back(report_name(name, base_of(name)));
  }
  return Done{};
}

// How many builds have put out the very same as the base. One without a name vouches for it where
// every name is consistent, making a difference in both ways of lacking or in none; else it may
// have agreed by the very chance that let another differ.
int Knockout::agreeing(const Base& base, const std::vector<std::string>& order) {
  const int own = &base == &supplied_ || &base == &all_ ? 2 : 1;
  int others = 0;
  for (const auto& name : order) {
    if (&base_of(name) != &base) {
      continue;
    }
    int same = 0;
    for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
      auto built = finished_.find(without(base.env, name, lack));
      same += built != finished_.end() && passes(built->second.seen) &&
                      base.reference->compare(builds_.artifact_of(built->second)).same()
                  ? 1
                  : 0;
    }
    if (same > 0 && lacks_unseen(name) > 0) {
      return own;
    }
    others += same;
  }
  return own + others;
}

// What differs though the name's value is nowhere in the output may be a build that varies by
// itself, and agreed by chance where it was compared. So its base is done again, after all others,
// until so many agree: a coin falls the same way seven times in one of 64.
Result<> Knockout::sample_bases(const std::vector<std::string>& order) {
  constexpr int kAgreeing = 7;
  std::vector<Cell> cells;
  std::vector<Base*> bases;  // of the cells
  for (const auto& name : order) {
    Base& base = base_of(name);
    if (lacks_unseen(name) == 0 || !base.noise_free ||
        std::find(bases.begin(), bases.end(), &base) != bases.end()) {
      continue;
    }
    for (int i = std::min(agreeing(base, order), kAgreeing - 1); i < kAgreeing; ++i) {
      cells.push_back({"", Lack::kUnset, base.env, "the reference build again"});
      bases.push_back(&base);
    }
  }
  auto built = builds_.build(cells, true, true);
  if (!built) {
    return built.error();
  }
  steady_.insert(bases.begin(), bases.end());
  for (size_t i = 0; i < cells.size(); ++i) {
    compare_again(*bases[i], true, (*built)[i]);
    if (!passes((*built)[i].seen) || !bases[i]->reference->deterministic()) {
      steady_.erase(bases[i]);
    }
  }
  return Done{};
}

// Both sides are done again where the base is not known to be steady: what then is otherwise on
// either is known to vary. Where it is, two builds that lack the name in two ways and both differ
// vouch for one another; a single one is done again.
Result<> Knockout::look_again(const std::vector<std::string>& order) {
  constexpr int kRounds = 2;
  RELAPSE_TRY(sample_bases(order));
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Cell> cells;
    std::vector<Base*> bases;  // of the cells
    for (const auto& name : order) {
      Base& base = base_of(name);
      const bool steady = steady_.contains(&base);
      // Three builds have told already what varies where two did not agree.
      if ((steady && lacks_unseen(name) == 2) || (round > 0 && !base.noise_free)) {
        continue;
      }
      for (Lack lack : {Lack::kUnset, Lack::kEmpty}) {
        if (!differs_unseen(name, lack)) {
          continue;
        }
        const bool begun = std::find(bases.begin(), bases.end(), &base) != bases.end();
        for (int i = steady || begun ? 2 : 0; i < 2; ++i) {
          cells.push_back({"", Lack::kUnset, base.env, "the reference build again"});
          bases.push_back(&base);
        }
        cells.push_back({name, lack, without(base.env, name, lack), "once more without " + name});
        bases.push_back(&base);
      }
    }
    if (cells.empty()) {
      break;
    }
    auto built = builds_.build(cells, true, true);
    if (!built) {
      return built.error();
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      compare_again(*bases[i], cells[i].name.empty(), (*built)[i]);
    }
  }
  note_variation();
  return Done{};
}

// Whether the build's output is another, or may be (its content was not kept), and nothing shows
// that the name is why.
bool Knockout::differs_unseen(const std::string& name, Lack lack) {
  const Base& base = base_of(name);
  auto found = finished_.find(without(base.env, name, lack));
  if (standing_.at(name).reaches_output || found == finished_.end() || !base.reference ||
      !passes(found->second.seen)) {
    return false;
  }
  const auto difference = base.reference->compare(builds_.artifact_of(found->second));
  return !difference.paths.empty() || (!difference.opaque.empty() && found->second.copy.empty());
}

// In how many of the two ways of lacking it.
int Knockout::lacks_unseen(const std::string& name) {
  return (differs_unseen(name, Lack::kUnset) ? 1 : 0) +
         (differs_unseen(name, Lack::kEmpty) ? 1 : 0);
}

void Knockout::compare_again(Base& base, bool is_reference, Built& again) {
  if (!passes(again.seen)) {
    return;  // the budget is used up, or it was interrupted: the first look stands
  }
  const Artifact artifact = builds_.artifact_of(again);
  if (is_reference) {
    base.reference->check(artifact);
  } else {
    Built& before = finished_.at(again.env);
    base.reference->check_equal(builds_.artifact_of(before), artifact);
    before = std::move(again);
  }
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
    outcome = judge_build(base, name, built.seen, builds_.artifact_of(built), builds_.redactor());
    for (auto& path : outcome.paths) {
      path = builds_.shown_path(path);
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
  report_.builds = builds_.count();
  report_.seconds = builds_.elapsed_ms() / 1000;
  return std::move(report_);
}

}  // namespace

Result<KnockoutReport> run_knockout(const KnockoutRequest& request, CommandRunner& runner) {
  return Knockout(request, runner).run();
}

}  // namespace relapse::env
