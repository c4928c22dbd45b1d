#include "search/error_sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "fault/syscall_error.h"
#include "model/fields.h"
#include "model/nearest.h"
#include "os/point_calls.h"
#include "os/subject_view.h"

namespace relapse::run {

using model::Done;
using model::InjectionKind;
using model::Observation;
using model::Result;
using model::SyscallErrorRule;
using model::TrialEnd;
using model::TrialPlan;
using model::Verdict;
using model::VerdictKind;

namespace {

// Operations of the table whose call a flag decides.
constexpr const char* kByFlag[] = {"open-create", "rmdir"};

const os::PointCall* operation(const std::string& name) {
  for (const auto& call : os::point_calls()) {
    if (call.name == name) {
      return &call;
    }
  }
  return nullptr;
}

bool is_operation(const std::string& name) {
  return operation(name) != nullptr ||
         std::find(std::begin(kByFlag), std::end(kByFlag), name) != std::end(kByFlag);
}

std::vector<std::string> operation_names() {
  std::vector<std::string> names(std::begin(kByFlag), std::end(kByFlag));
  for (const auto& call : os::point_calls()) {
    names.emplace_back(call.name);
  }
  return names;
}

// The pattern's part before anything that stands for more than itself.
std::string literal_part(const std::string& pattern) {
  return pattern.substr(0, pattern.find_first_of("*?[\\"));
}

// What the calls of one plan have to be taken from: inside the folders, or everywhere.
bool counts_anywhere(const SyscallErrorRule& rule, const std::vector<std::string>& folders) {
  if (!is_operation(rule.call)) {
    return true;  // it names no path
  }
  const std::string begins = literal_part(rule.path);
  return !rule.path.empty() &&
         std::none_of(folders.begin(), folders.end(), [&begins](const std::string& folder) {
           return os::is_within(os::normal_path("/", begins), folder);
         });
}

std::string occurrence(const SyscallErrorRule& rule) {
  return rule.nth == 0 ? fmt::format("every {}", rule.call)
                       : fmt::format("{} number {}", rule.call, rule.nth);
}

std::string option_of(const model::Injection& injection) {
  switch (injection.kind) {
    case InjectionKind::kErrno:
      return "error";
    case InjectionKind::kShortWrite:
      return "short";
    case InjectionKind::kDelay:
      break;
  }
  return "delay-ms";
}

std::string value_of(const model::Injection& injection) {
  return injection.kind == InjectionKind::kErrno ? fault::to_text(injection)
                                                 : std::to_string(injection.value);
}

// "exit 1: No space left on device": how the subject took it, with its last word.
std::string ended(const Observation& seen) {
  if (seen.end != TrialEnd::kExited) {
    return "it did not end by itself";
  }
  std::string text = fmt::format("{} {}", seen.signaled ? "signal" : "exit", seen.exit_code);
  const size_t end = seen.output_tail.find_last_not_of(" \r\n");
  if (end != std::string::npos) {
    const size_t line = seen.output_tail.rfind('\n', end);
    const size_t begin = line == std::string::npos ? 0 : line + 1;
    text += ": " + seen.output_tail.substr(begin, end + 1 - begin);
  }
  return text;
}

// The very call that was answered by us, as the trace has it.
std::string injected_call(const Observation& seen) {
  if (seen.trace) {
    for (const auto& event : seen.trace->events) {
      if (event.source == model::ResultSource::kInjected) {
        return model::to_text(event);
      }
    }
  }
  return "";
}

class Sweep {
 public:
  Sweep(const SweepRequest& request, const SearchHooks& hooks, std::vector<SyscallErrorRule> rules)
      : request_(request), hooks_(hooks), rules_(std::move(rules)) {
    SearchRequest search;
    search.plan = request.plan;
    search.settings.folders = request.settings.folders;
    search.settings.calls = request.settings.calls;
    model::SchedulePlan schedule;
    schedule.strategy = "calm";
    control_ = control_for(search, schedule);
    control_.predict = false;
    for (const auto& rule : rules_) {
      if (counts_anywhere(rule, control_.folders)) {
        control_.anywhere.push_back(rule.call);
      }
    }
    out_.facts.settings = model::to_json(request.settings);
  }

  SweepResult run() {
    if (undisturbed()) {
      for (const auto& rule : rules_) {
        out_.facts.runs.push_back({rule.call, fault::to_text(rule.injection), 0, 0, false});
        if (!over_) {
          try_rule(rule);
        }
      }
      conclude();
    }
    return std::move(out_);
  }

 private:
  TrialPlan plan_with(std::vector<SyscallErrorRule> errors) const {
    TrialPlan plan = request_.plan;
    plan.call_control = control_;
    plan.call_control->errors = std::move(errors);
    return plan;
  }

  // Only the difference says that the injected error is to blame.
  bool undisturbed() {
    const TrialPlan plan = plan_with({});
    out_.seen = std::move(hooks_.run({plan}).front());
    out_.duration_ms = out_.seen.duration_ms;
    out_.trials.run = 1;
    out_.verdict = hooks_.judge(plan, out_.seen);
    if (out_.verdict.kind == VerdictKind::kFail) {
      out_.trials.failed = 1;
      out_.trials.first_failure = 1;
    }
    if (out_.verdict.kind != VerdictKind::kPass) {
      out_.verdict.reason = "with nothing failed yet: " + out_.verdict.reason;
    }
    return out_.verdict.kind == VerdictKind::kPass;
  }

  void try_rule(const SyscallErrorRule& rule) {
    if (!request_.settings.sweep) {
      run_batch({rule}, nullptr);
      return;
    }
    fault::SyscallErrorSweep sweep(rule, request_.settings.most);
    for (;;) {
      std::vector<SyscallErrorRule> batch;
      while (static_cast<int>(batch.size()) < std::max(request_.at_once, 1)) {
        auto next = sweep.next();
        if (!next) {
          break;
        }
        batch.push_back(*next);
      }
      if (batch.empty() || over_) {
        break;
      }
      run_batch(batch, &sweep);
    }
    out_.facts.runs.back().cut_off = sweep.cut_off();
  }

  void run_batch(const std::vector<SyscallErrorRule>& batch, fault::SyscallErrorSweep* sweep) {
    std::vector<TrialPlan> plans;
    plans.reserve(batch.size());
    for (const auto& rule : batch) {
      plans.push_back(plan_with({rule}));
    }
    auto observations = hooks_.run(plans);
    for (size_t i = 0; i < observations.size() && !over_; ++i) {
      const bool reached = take(batch[i], plans[i], std::move(observations[i]));
      if (sweep != nullptr) {
        sweep->ran(reached);
      }
    }
  }

  // Whether the call was reached that was to fail.
  bool take(const SyscallErrorRule& rule, const TrialPlan& plan, Observation seen) {
    if (seen.end == TrialEnd::kInterrupted) {
      out_.verdict = {VerdictKind::kInconclusive, "interrupted"};
      over_ = stopped_ = true;
      return false;
    }
    ++out_.trials.run;
    out_.duration_ms += seen.duration_ms;
    const int calls = seen.error_calls.empty() ? 0 : seen.error_calls.front();
    const bool reached = calls >= std::max(rule.nth, 1);
    if (!reached) {
      if (!request_.settings.sweep) {
        missed(rule, calls);
      }
      return false;
    }
    if (!request_.settings.sweep) {
      out_.notes.push_back(fmt::format("{} at {}: {}", fault::to_text(rule.injection),
                                       occurrence(rule), ended(seen)));
    }
    auto& run = out_.facts.runs.back();
    ++run.injected;
    ++injected_;
    const Verdict verdict = judge(rule, plan, seen);
    switch (verdict.kind) {
      case VerdictKind::kPass:
        break;
      case VerdictKind::kFail:
        ++run.failed;
        failed(rule, verdict, std::move(seen));
        return true;
      case VerdictKind::kError:
        out_.verdict = verdict;
        over_ = stopped_ = true;
        break;
      case VerdictKind::kInconclusive:
        ++unjudged_;
        unjudged_reason_ = unjudged_reason_.empty() ? verdict.reason : unjudged_reason_;
        break;
    }
    if (out_.trials.failed == 0) {
      out_.seen = std::move(seen);
    }
    return true;
  }

  // Undisturbed it ends, so that it no longer does is the error's doing. A delay alone may come to
  // as much.
  Verdict judge(const SyscallErrorRule& rule, const TrialPlan& plan,
                const Observation& seen) const {
    Verdict verdict = hooks_.judge(plan, seen);
    if (verdict.kind == VerdictKind::kInconclusive && seen.end == TrialEnd::kDeadline &&
        rule.injection.kind != InjectionKind::kDelay) {
      return {VerdictKind::kFail,
              fmt::format("it did not end within {:.0f} s, as it does undisturbed",
                          plan.deadline_ms / 1000)};
    }
    return verdict;
  }

  void missed(const SyscallErrorRule& rule, int calls) {
    out_.notes.push_back(fmt::format("{} was never reached: the subject made {} such calls",
                                     occurrence(rule), calls));
  }

  void failed(const SyscallErrorRule& rule, const Verdict& verdict, Observation seen) {
    ++out_.trials.failed;
    const std::string effect = fault::to_text(rule.injection);
    if (out_.facts.failures.size() < model::kInjectionFailuresShown) {
      out_.facts.failures.push_back({rule.call, effect, option_of(rule.injection),
                                     value_of(rule.injection), rule.nth, injected_call(seen),
                                     verdict.reason});
    }
    if (!out_.trials.first_failure) {
      out_.trials.first_failure = out_.trials.run;
      out_.verdict = {VerdictKind::kFail,
                      fmt::format("{} at {}: {}", effect, occurrence(rule), verdict.reason)};
      out_.seen = std::move(seen);
    }
  }

  void conclude() {
    if (stopped_ || out_.trials.failed > 0) {
      return;
    }
    for (const auto& run : out_.facts.runs) {
      if (run.injected == 0 && request_.settings.sweep) {
        out_.notes.push_back(fmt::format("the subject made no {} that counts: {} was not tried",
                                         run.call, run.effect));
      }
      if (run.cut_off && out_.verdict.kind == VerdictKind::kPass) {
        out_.verdict = {VerdictKind::kInconclusive,
                        fmt::format("of {} only the first {} were failed; raise `most`", run.call,
                                    run.injected)};
      }
    }
    if (injected_ == 0) {
      out_.verdict = {VerdictKind::kInconclusive,
                      "nothing was tested: no call that was to fail was ever reached"};
    } else if (unjudged_ > 0) {
      out_.verdict = {VerdictKind::kInconclusive,
                      fmt::format("{} of {} trials could not be judged: {}", unjudged_,
                                  out_.trials.run, unjudged_reason_)};
    }
  }

  const SweepRequest& request_;
  const SearchHooks& hooks_;
  std::vector<SyscallErrorRule> rules_;
  model::CallControl control_;
  SweepResult out_;
  int injected_ = 0;
  int unjudged_ = 0;
  std::string unjudged_reason_;
  bool over_ = false;
  bool stopped_ = false;  // by an error, or by the user
};

Result<> check_call(const std::string& name, const std::string& at) {
  if (const auto* known = operation(name)) {
    const bool holdable = known->kind == os::CallKind::kMutation ||
                          known->kind == os::CallKind::kRead || known->kind == os::CallKind::kStart;
    return holdable ? Result<>(Done{})
                    : model::field_error(at, fmt::format("'{}' cannot be failed", name));
  }
  if (is_operation(name)) {
    return Done{};
  }
  auto numbers = os::numbers_of_call(name);
  if (!numbers) {
    return model::field_error(at, numbers.error().message,
                              model::suggestion(name, operation_names()));
  }
  if (const auto* counted = os::find_point_call(numbers->front())) {
    return model::field_error(at, fmt::format("'{}' goes by the name of what it does", name),
                              counted->name == "open"
                                  ? "say open-create, or open where it creates nothing"
                                  : fmt::format("say {}", counted->name));
  }
  return Done{};
}

}  // namespace

Result<> check_settings(const model::SyscallErrorSettings& settings, const std::string& pointer) {
  for (const auto& call : settings.calls) {
    RELAPSE_TRY(check_call(call, pointer + "/call"));
  }
  auto rules = fault::rules_of(settings);
  if (!rules) {
    const char* field = settings.errors.empty() ? "/short" : "/error";
    return model::field_error(pointer + field, rules.error().message, rules.error().remedy);
  }
  return Done{};
}

SweepResult sweep_errors(const SweepRequest& request, const SearchHooks& hooks) {
  auto rules = fault::rules_of(request.settings);
  if (!rules) {
    SweepResult out;
    out.verdict = {VerdictKind::kError, rules.error().text()};
    return out;
  }
  return Sweep(request, hooks, std::move(*rules)).run();
}

}  // namespace relapse::run
