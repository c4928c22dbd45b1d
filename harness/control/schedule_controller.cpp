#include "control/schedule_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "fault/event_facts.h"

namespace relapse::run {

using fault::InjectionKind;
using model::Done;
using model::Result;
using model::ResultSource;
using model::ScheduleEvent;
using model::SchedulePlan;
using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

// With nothing held there is nothing to do but to look whether to stop.
constexpr int kIdleWaitUs = 50'000;
// A replay's wait for a call: short, for the call itself ends it, this only bounds it.
constexpr int kReplayWaitUs = 5'000;
constexpr int kAstrayPatienceDivisor = 10;
// A reply that comes by a timer of its fake wakes nobody here.
constexpr int kReplyWaitUs = 1'000;
// Between two looks at a sleeper that is waited for; and how late one may wake on a busy machine.
constexpr int kSleepLookUs = 500;
constexpr int kLateMs = 100;
constexpr int kWaitsMax = 2;
// A shell's child is "sh" in its first calls and "rm" later: the name is looked up at the first
// few, and then ever more rarely, for it costs the opening of a file.
bool wants_label(int calls) {
  constexpr int kLabelLookups = 4;
  return calls <= kLabelLookups || std::has_single_bit(static_cast<unsigned>(calls));
}

// Starts are held only so that one at a time goes on, which is what actors' names rest on. They
// are no choice: a new thread is held at its own first call, and every order of those is open,
// while a start held back only keeps actors from meeting (choosing among starts as well found
// half as many failures by PCT, and fewer by every other strategy).
std::optional<size_t> first_start(const std::vector<ScheduleEvent>& choices) {
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].call == "start") {
      return i;
    }
  }
  return std::nullopt;
}

}  // namespace

ScheduleController::ScheduleController(ScheduleGate& gate, const SchedulePlan& plan,
                                       const ScheduleLimits& limits, ScheduleHooks hooks)
    : gate_(gate), plan_(plan), limits_(limits), hooks_(std::move(hooks)) {}

Result<ScheduleOutcome> ScheduleController::run() {
  auto scheduler = fault::Scheduler::make(plan_);
  if (!scheduler) {
    return scheduler.error();
  }
  scheduler_.emplace(std::move(*scheduler));
  began_ = hooks_.now();
  outcome_.trace.plan = plan_;
  while (!over()) {
    auto done = turn();
    if (!done) {
      return done.error();
    }
  }
  outcome_.trace.actors_max = static_cast<int>(outcome_.trace.programs.size());
  outcome_.trace.divergence = scheduler_->divergence();
  outcome_.trace.listener_refused = gate_.refused_listener();
  for (auto& note : gate_.notes()) {
    outcome_.trace.notes.push_back(std::move(note));
  }
  outcome_.held.reserve(pending_.size());
  for (const auto& pending : pending_) {
    outcome_.held.push_back(event_of(pending));
  }
  return std::move(outcome_);
}

bool ScheduleController::over() {
  if (ended_) {
    outcome_.end = ScheduleEnd::kSubjectEnded;
    return true;
  }
  if (hooks_.stop && hooks_.stop()) {
    outcome_.end = ScheduleEnd::kStopped;
    return true;
  }
  if (hooks_.now() - began_ >= milliseconds(limits_.deadline_ms)) {
    outcome_.end = ScheduleEnd::kDeadline;
    return true;
  }
  return false;
}

Result<Done> ScheduleController::turn() {
  auto arrivals = gate_.receive(wait_us_);
  if (!arrivals) {
    return arrivals.error();
  }
  ended_ = arrivals->ended;
  take(std::move(*arrivals));
  if (hooks_.replies != nullptr) {
    replies_ = hooks_.replies->settle();
  }
  if (!any_ready() || arrivals->root_ended) {
    wait_us_ = until_next_due_us();
    return Done{};
  }
  if (plan_.strategy != "free") {
    auto rest = at_rest();
    if (!rest || !*rest) {
      return rest ? Result<Done>(Done{}) : Result<Done>(rest.error());
    }
  }
  auto found = choices();
  std::vector<ScheduleEvent> events;
  events.reserve(found.size());
  for (const auto& choice : found) {
    events.push_back(choice.event);
  }
  const bool patient =
      !awaiting_since_ || hooks_.now() - *awaiting_since_ < milliseconds(patience_ms());
  auto chosen = first_start(events);
  if (!chosen) {
    chosen = scheduler_->choose(events, more_may_come_ && patient);
  }
  if (!chosen) {
    awaiting_since_ = awaiting_since_.value_or(hooks_.now());
    wait_us_ = kReplayWaitUs;
    return Done{};
  }
  awaiting_since_.reset();
  wait_us_ = 0;
  if (found[*chosen].reply != 0) {
    deliver(std::move(found[*chosen]));
    return Done{};
  }
  if (found[*chosen].sleeper) {
    wait_for(std::move(found[*chosen]));
    return Done{};
  }
  return release(found[*chosen].index, std::move(found[*chosen].event));
}

// Nobody runs, and nothing is on its way.
Result<bool> ScheduleController::at_rest() {
  auto still = gate_.is_quiet(held_threads());
  if (!still.quiet) {
    wait_us_ = still.retry_us;
    return false;
  }
  // A reply that was sent before the subject was found quiet has woken somebody since; a request
  // may have become a reply.
  const auto activity = replies_.activity;
  if (hooks_.replies != nullptr) {
    replies_ = hooks_.replies->settle();
  }
  // A thread that was at a disk may have come to its next call between the last receiving and
  // this verdict, and then looked asleep.
  auto late = gate_.receive(0);
  if (!late) {
    return late.error();
  }
  if (late->ended || late->root_ended || !late->calls.empty() || replies_.activity != activity) {
    ended_ = late->ended;
    take(std::move(*late));
    wait_us_ = 0;
    return false;
  }
  more_may_come_ = still.more_may_come;
  adopt(still.threads);
  sleepers_ = std::move(still.sleepers);
  return !waits_for_sleeper();
}

// In an order that does not depend on who arrived first.
std::vector<ScheduleController::Choice> ScheduleController::choices() const {
  std::vector<Choice> found;
  for (size_t i = 0; i < pending_.size(); ++i) {
    if (is_due(pending_[i])) {
      found.push_back({event_of(pending_[i]), i, 0, std::nullopt});
    }
  }
  for (const auto& reply : replies_.ready) {
    found.push_back({event_of(reply), 0, reply.id, std::nullopt});
  }
  if (plan_.strategy != "free") {
    offer_sleepers(found);
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.event.actor < b.event.actor; });
  }
  return found;
}

void ScheduleController::wait_for(Choice choice) {
  awaited_ = choice.sleeper;
  ++waits_[choice.event.actor];
  scheduler_->made(choice.event);
  outcome_.trace.events.push_back(std::move(choice.event));
}

// How long a recorded call is waited for that has not come.
int ScheduleController::patience_ms() const {
  int patience = limits_.replay_patience_ms;
  if (scheduler_->divergence()) {
    return patience / kAstrayPatienceDivisor;
  }
  // Whoever sleeps may be the one who is to make it.
  for (const auto& sleeper : sleepers_) {
    const auto left = duration_cast<milliseconds>(sleeper.wakes_at - hooks_.now()).count();
    if (left <= limits_.sleep_ms) {
      patience = std::max(patience, limits_.replay_patience_ms + limits_.sleep_ms);
    }
  }
  return patience;
}

// Whether the sleeper that was chosen still sleeps: then everybody stays where they are.
bool ScheduleController::waits_for_sleeper() {
  if (!awaited_) {
    return false;
  }
  const bool sleeps =
      std::any_of(sleepers_.begin(), sleepers_.end(), [this](const Sleeper& sleeper) {
        return sleeper.tid == awaited_->tid && sleeper.wakes_at == awaited_->wakes_at;
      });
  const auto now = hooks_.now();
  if (!sleeps || now > awaited_->wakes_at + milliseconds(kLateMs)) {
    awaited_.reset();
    return false;
  }
  const auto left = duration_cast<microseconds>(awaited_->wakes_at - now).count();
  wait_us_ = static_cast<int>(std::clamp<std::int64_t>(left, kSleepLookUs, kIdleWaitUs));
  return true;
}

// Programs trust in sleeps ("by then it will be there"): to hold everybody else until a sleeper
// has slept is an order like any other. Twice an actor at most, for a loop of sleeps is polling.
void ScheduleController::offer_sleepers(std::vector<Choice>& choices) const {
  if (!fault::offers_sleeps(plan_.strategy)) {
    return;
  }
  for (const auto& sleeper : sleepers_) {
    auto actor = actors_.find(sleeper.tid);
    if (actor == actors_.end()) {
      continue;
    }
    auto known = waits_.find(actor->second);
    const int waits = known == waits_.end() ? 0 : known->second;
    if (waits >= kWaitsMax || sleeper.wakes_at - hooks_.now() > milliseconds(limits_.sleep_ms)) {
      continue;
    }
    ScheduleEvent event;
    event.actor = actor->second;
    event.call = fault::kSleep;
    event.occurrence = waits + 1;
    choices.push_back({std::move(event), 0, 0, sleeper});
  }
}

void ScheduleController::take(Arrivals arrivals) {
  for (auto& call : arrivals.calls) {
    // A thread has one call at a time: an older one was interrupted by a signal and never made.
    pending_.erase(std::remove_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& old) { return old.call.tid == call.tid; }),
                   pending_.end());
    pending_.push_back(Pending{std::move(call), "", std::nullopt});
  }
  if (plan_.strategy == "free") {
    for (auto& pending : pending_) {
      pending.actor = actor_of(pending.call.tid);
    }
  }
}

void ScheduleController::adopt(const std::vector<int>& threads) {
  // A thread id may be given again once its owner is gone.
  for (auto entry = actors_.begin(); entry != actors_.end();) {
    bool lives = std::binary_search(threads.begin(), threads.end(), entry->first);
    entry = lives ? std::next(entry) : actors_.erase(entry);
  }
  for (int tid : threads) {
    actor_of(tid);
  }
  unborn_.clear();  // a start whose thread was never seen has failed, or its thread has ended
  for (auto& pending : pending_) {
    if (pending.actor.empty()) {
      pending.actor = actor_of(pending.call.tid);
    }
  }
}

const std::string& ScheduleController::actor_of(int tid) {
  auto known = actors_.find(tid);
  if (known != actors_.end()) {
    return known->second;
  }
  if (!unborn_.empty()) {
    name(tid, unborn_.front());
    unborn_.erase(unborn_.begin());
  } else if (outcome_.trace.programs.empty()) {
    name(tid, "0");
  } else {
    // Begun while control was lost (or never wanted): a name of its own, in order of appearance.
    name(tid, fmt::format("0.x{}", ++starts_["0.x"]));
  }
  return actors_.at(tid);
}

void ScheduleController::name(int tid, std::string actor) {
  outcome_.trace.programs.emplace(actor, gate_.program(tid));
  actors_[tid] = std::move(actor);
}

std::set<int> ScheduleController::held_threads() const {
  std::set<int> threads;
  for (const auto& pending : pending_) {
    threads.insert(pending.call.tid);
  }
  return threads;
}

bool ScheduleController::is_due(const Pending& pending) const {
  return !pending.due || *pending.due <= hooks_.now();
}

bool ScheduleController::any_ready() const {
  return !replies_.ready.empty() ||
         std::any_of(pending_.begin(), pending_.end(),
                     [this](const Pending& pending) { return is_due(pending); });
}

int ScheduleController::until_next_due_us() const {
  auto wait = microseconds(hooks_.replies != nullptr ? kReplyWaitUs : kIdleWaitUs);
  for (const auto& pending : pending_) {
    if (pending.due) {
      wait = std::min(wait, duration_cast<microseconds>(*pending.due - hooks_.now()));
    }
  }
  return static_cast<int>(std::max<std::int64_t>(wait.count(), 0));
}

ScheduleEvent ScheduleController::event_of(const Pending& pending) const {
  ScheduleEvent event;
  event.actor = pending.actor;
  event.call = pending.call.call;
  event.paths = pending.call.paths;
  scheduler_->number(event);
  return event;
}

ScheduleEvent ScheduleController::event_of(const ReadyReply& reply) const {
  ScheduleEvent event;
  event.actor = fmt::format("{} {}", reply.fake, reply.request);
  if (reply.nth > 1) {
    event.actor += fmt::format(" #{}", reply.nth);
  }
  event.call =
      reply.status == 0 ? model::kCutCall : fmt::format("{}{}", model::kReplyCall, reply.status);
  event.paths = {reply.request};
  scheduler_->number(event);
  return event;
}

void ScheduleController::deliver(Choice choice) {
  outcome_.trace.programs.emplace(choice.event.actor, fault::fake_of(choice.event));
  choice.event.withdrawn = !hooks_.replies->deliver(choice.reply);
  if (!choice.event.withdrawn) {
    scheduler_->made(choice.event);
  }
  outcome_.trace.events.push_back(std::move(choice.event));
}

Result<Done> ScheduleController::release(size_t index, ScheduleEvent event) {
  Pending& pending = pending_[index];
  std::string& program = outcome_.trace.programs[event.actor];
  if (wants_label(++labelled_[event.actor])) {
    program = gate_.program(pending.call.tid);
  }
  Answer answer;
  if (hooks_.errors != nullptr && !pending.due) {
    if (auto injection = hooks_.errors->on_call(event, program)) {
      if (injection->kind == InjectionKind::kDelay) {
        pending.due = hooks_.now() + milliseconds(injection->value);
        return Done{};
      }
      bool fails = injection->kind == InjectionKind::kErrno;
      answer = {fails ? Answer::Kind::kFail : Answer::Kind::kShortWrite, injection->value};
      event.source = ResultSource::kInjected;
      event.error = fails ? injection->value : 0;
    }
  }
  if (answer.kind == Answer::Kind::kGo && hooks_.predict) {
    if (auto error = hooks_.predict(pending.call)) {
      event.source = ResultSource::kPredicted;
      event.error = *error;
    }
  }
  auto went = gate_.reply(pending.call, answer);
  if (!went) {
    return went.error();
  }
  pending_.erase(pending_.begin() + static_cast<std::ptrdiff_t>(index));
  if (event.call == "start") {
    if (*went) {
      unborn_.push_back(fmt::format("{}.{}", event.actor, ++starts_[event.actor]));
    }
    return Done{};
  }
  event.withdrawn = !*went;
  if (*went) {
    scheduler_->made(event);
  }
  outcome_.trace.events.push_back(std::move(event));
  return Done{};
}

}  // namespace relapse::run
