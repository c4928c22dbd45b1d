#include "run/judge.h"

#include <fmt/format.h>

#include <algorithm>

namespace relapse::run {

using model::CallExpectation;
using model::Observation;
using model::TrialEnd;
using model::Verdict;
using model::VerdictKind;
using nlohmann::json;

namespace {

std::string path_of(const std::string& target) {
  return target.substr(0, target.find('?'));
}

// `part` is in `whole`: objects member by member, everything else by value.
bool holds(const json& whole, const json& part) {
  if (!part.is_object()) {
    return whole == part;
  }
  return whole.is_object() &&
         std::all_of(part.items().begin(), part.items().end(), [&](const auto& member) {
           auto found = whole.find(member.key());
           return found != whole.end() && holds(*found, member.value());
         });
}

bool matches(const CallExpectation& wanted, const model::Call& call) {
  if (call.fake != wanted.fake || path_of(call.target) != wanted.path ||
      (!wanted.method.empty() && call.method != wanted.method)) {
    return false;
  }
  if (!wanted.contains.empty() && call.request_body.find(wanted.contains) == std::string::npos) {
    return false;
  }
  return wanted.body.is_null() ||
         holds(json::parse(call.request_body, nullptr, false), wanted.body);
}

std::string seconds(double ms) {
  return fmt::format("{:.1f} s", ms / 1000);
}

model::TreeFacts facts_of(const model::TreeExpectation& wanted, const Observation& seen) {
  model::TreeFacts facts;
  for (const auto& tree : wanted.trees) {
    auto found = seen.trees.find(tree.path);
    model::compare(tree, found == seen.trees.end() ? nullptr : &found->second, facts);
  }
  return facts;
}

std::string counts_of(const model::TreeFacts& facts) {
  std::string text;
  auto add = [&text](std::uint64_t count, const std::string& what) {
    if (count > 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
    }
  };
  add(facts.missing, fmt::format("of {} entries missing", facts.expected));
  add(facts.different, "different");
  add(facts.unexpected, "that do not belong there");
  return fmt::format("{}: {}", text, describe(facts.first.front()));
}

// nullopt: it holds. Otherwise what was seen instead.
class Unmet {
 public:
  explicit Unmet(const Observation& seen) : seen_(seen) {}

  std::optional<std::string> operator()(const model::ExitExpectation& wanted) const {
    if (seen_.signaled) {
      return fmt::format("the subject was ended by signal {}", seen_.exit_code);
    }
    if (seen_.exit_code != wanted.code) {
      return fmt::format("the subject exited with {}, not {}", seen_.exit_code, wanted.code);
    }
    return std::nullopt;
  }

  std::optional<std::string> operator()(const model::WithinExpectation& wanted) const {
    if (seen_.duration_ms > wanted.limit_ms) {
      return fmt::format("the subject ran for {}, longer than {}", seconds(seen_.duration_ms),
                         seconds(wanted.limit_ms));
    }
    return std::nullopt;
  }

  std::optional<std::string> operator()(const model::FirstOutputExpectation& wanted) const {
    if (!seen_.first_sign_ms) {
      return std::string("the subject gave no sign of life: no output, no call");
    }
    if (*seen_.first_sign_ms > wanted.limit_ms) {
      return fmt::format("the first sign of life came after {}, later than {}",
                         seconds(*seen_.first_sign_ms), seconds(wanted.limit_ms));
    }
    return std::nullopt;
  }

  std::optional<std::string> operator()(const model::StallExpectation& wanted) const {
    for (const auto& stall : seen_.stalls) {
      if (stall.duration_ms >= wanted.limit_ms) {
        return fmt::format("it stood still for {}: {}", seconds(stall.duration_ms), stall.sentence);
      }
    }
    return std::nullopt;
  }

  std::optional<std::string> operator()(const CallExpectation& wanted) const {
    const bool found = std::any_of(seen_.calls.begin(), seen_.calls.end(),
                                   [&](const auto& call) { return matches(wanted, call); });
    if (found) {
      return std::nullopt;
    }
    const auto asked = std::count_if(seen_.calls.begin(), seen_.calls.end(), [&](const auto& call) {
      return call.fake == wanted.fake && path_of(call.target) == wanted.path;
    });
    const std::string what =
        fmt::format("{} {} of the {} fake", wanted.method.empty() ? "call to" : wanted.method,
                    wanted.path, wanted.fake);
    return asked == 0 ? fmt::format("no {}", what)
                      : fmt::format("none of {} {} held what was expected", asked, what);
  }

  // Of projects, which are judged step by step.
  std::optional<std::string> operator()(const model::StepExpectation& wanted) const {
    return fmt::format("the step {} was not made", wanted.step);
  }

  std::optional<std::string> operator()(const model::TreeExpectation& wanted) const {
    const auto facts = facts_of(wanted, seen_);
    const bool failed = seen_.signaled || seen_.exit_code != 0;
    std::string how = seen_.signaled ? fmt::format("ended by signal {}", seen_.exit_code)
                                     : fmt::format("exit {}", seen_.exit_code);
    if (failed && wanted.or_error) {
      if (!seen_.signaled && seen_.output_bytes > 0) {
        return std::nullopt;
      }
      how += seen_.signaled ? "" : " without a word";
      return facts.holds() ? how : fmt::format("{}, and {}", how, counts_of(facts));
    }
    if (facts.holds()) {
      return std::nullopt;
    }
    if (!failed) {
      // Nobody was told: the worst way to fail, so it has a name.
      return fmt::format("{}: exit 0, but {}",
                         facts.missing + facts.different > 0 ? "silent loss" : "stale files",
                         counts_of(facts));
    }
    return fmt::format("{}, and {}", how, counts_of(facts));
  }

 private:
  const Observation& seen_;
};

Verdict judge_check(const Observation& seen) {
  if (!seen.check || (!seen.check->signaled && seen.check->code == 0)) {
    return {VerdictKind::kPass, ""};
  }
  return {
      VerdictKind::kFail,
      fmt::format("the check {} {}", seen.check->signaled ? "was ended by signal" : "exited with",
                  seen.check->code)};
}

Verdict judge_expectations(const model::TrialPlan& plan, const Observation& seen) {
  for (const auto& expectation : plan.expect) {
    auto unmet = std::visit(Unmet(seen), expectation.what);
    if (unmet) {
      return {VerdictKind::kFail, expectation.otherwise.empty()
                                      ? *unmet
                                      : fmt::format("{} ({})", expectation.otherwise, *unmet)};
    }
  }
  if (plan.silent_error && seen.error_bytes > 0) {
    return {VerdictKind::kFail,
            "it ends well, but complains on standard error, where it is silent undisturbed"};
  }
  return judge_check(seen);
}

// The trial was cut off: what can be said is what a longer life could not have mended.
Verdict judge_deadline(const model::TrialPlan& plan, const Observation& seen) {
  for (const auto& expectation : plan.expect) {
    if (const auto* within = std::get_if<model::WithinExpectation>(&expectation.what)) {
      auto unmet = Unmet(seen)(*within);
      if (unmet) {
        std::string why = seen.diagnosis ? "; " + seen.diagnosis->sentence : "";
        return {VerdictKind::kFail, *unmet + why};
      }
    }
  }
  return {VerdictKind::kInconclusive,
          fmt::format("ended after {} before it could be judged", seconds(seen.duration_ms))};
}

}  // namespace

std::optional<model::TreeFacts> tree_facts(const model::TrialPlan& plan, const Observation& seen) {
  std::optional<model::TreeFacts> all;
  for (const auto& expectation : plan.expect) {
    const auto* wanted = std::get_if<model::TreeExpectation>(&expectation.what);
    if (wanted == nullptr || seen.end != TrialEnd::kExited) {
      continue;
    }
    const auto facts = facts_of(*wanted, seen);
    if (!all || !facts.holds()) {
      all = facts;
    }
    if (!facts.holds()) {
      break;
    }
  }
  return all;
}

Verdict judge(const model::TrialPlan& plan, const Observation& seen) {
  switch (seen.end) {
    case TrialEnd::kSetupFailed:
      return {seen.error.kind == model::ErrorKind::kUnavailable ? VerdictKind::kInconclusive
                                                                : VerdictKind::kError,
              seen.error.text()};
    case TrialEnd::kInterrupted:
      return {VerdictKind::kInconclusive, "interrupted"};
    case TrialEnd::kHang:
      return {VerdictKind::kFail, "hang: " + (seen.diagnosis ? seen.diagnosis->sentence
                                                             : std::string("not diagnosed"))};
    case TrialEnd::kDeadline:
      return judge_deadline(plan, seen);
    case TrialEnd::kExited:
      break;
  }
  if (seen.out_of_memory) {
    return {VerdictKind::kInconclusive,
            "the world's memory limit was hit; raise limits.memory_bytes of the scenario"};
  }
  Verdict verdict = judge_expectations(plan, seen);
  if (verdict.kind == VerdictKind::kFail && seen.trace && seen.trace->listener_refused) {
    return {VerdictKind::kInconclusive,
            "it asked for a seccomp listener of its own, which it cannot have under control; "
            "then " +
                verdict.reason};
  }
  return verdict;
}

bool stalled_on_input(const Observation& seen) {
  return seen.end == TrialEnd::kExited &&
         std::any_of(seen.stalls.begin(), seen.stalls.end(),
                     [](const auto& stall) { return stall.cause == model::Cause::kStdinOpen; });
}

bool hung_on_evidence(const Observation& seen) {
  return seen.end == TrialEnd::kHang && seen.diagnosis &&
         seen.diagnosis->proof != model::Proof::kProved;
}

}  // namespace relapse::run
