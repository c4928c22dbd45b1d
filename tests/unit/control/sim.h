#pragma once
// A simulated subject behind the schedule gate: a tree of paths, and actors that each run a script
// of calls. No kernel, no threads, no time.

#include <cerrno>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/schedule_controller.h"

namespace relapse::test {

struct Step {
  std::string call;  // mkdir, rmdir, open-create, stat, lock, unlock; sleep: no call, but a sleep
  std::string path;
  bool may_fail = false;  // else a failure ends the actor, and the program has failed
  int tries = 1;          // repeated until it succeeds
};

class SimGate : public run::ScheduleGate {
 public:
  explicit SimGate(std::vector<std::vector<Step>> scripts) {
    for (auto& script : scripts) {
      actors_.push_back({std::move(script), 0, 0, false});
    }
  }

  bool failed() const { return failed_; }
  bool lost_a_call = false;  // the next reply meets a caller that has gone, and calls again

  model::Result<run::Arrivals> receive(int wait_us) override {
    run::Arrivals arrivals;
    bool all_over = true;
    for (auto& actor : actors_) {
      actor.next += wait_us > 0 && actor.sleeps() ? 1 : 0;
    }
    for (size_t i = 0; i < actors_.size(); ++i) {
      Actor& actor = actors_[i];
      if (actor.over()) {
        continue;
      }
      all_over = false;
      if (!actor.held && !actor.sleeps()) {
        actor.held = true;
        const Step& step = actor.script[actor.next];
        run::HeldCall call;
        call.id = ++ids_;
        call.tid = tid_of(i);
        call.call = step.call;
        call.paths = {step.path};
        arrivals.calls.push_back(call);
      }
    }
    arrivals.ended = all_over;
    return arrivals;
  }

  model::Result<bool> reply(const run::HeldCall& call, const run::Answer& answer) override {
    Actor& actor = actors_[static_cast<size_t>(call.tid - kFirstTid)];
    actor.held = false;
    if (lost_a_call) {
      lost_a_call = false;
      return false;
    }
    const Step& step = actor.script[actor.next];
    int error = answer.kind == run::Answer::Kind::kFail ? answer.value : make(step);
    if (error == 0 || step.may_fail) {
      ++actor.next;
      actor.tried = 0;
    } else if (++actor.tried >= step.tries) {
      failed_ = true;
      actor.next = actor.script.size();
    }
    return true;
  }

  run::Stillness is_quiet(const std::set<int>& held) override {
    run::Stillness still;
    still.quiet = true;
    still.more_may_come = false;
    for (size_t i = 0; i < actors_.size(); ++i) {
      if (!actors_[i].over()) {
        still.threads.push_back(tid_of(i));
        still.more_may_come = still.more_may_come || held.count(tid_of(i)) == 0;
        if (actors_[i].sleeps()) {
          still.sleepers.push_back({tid_of(i), wake_});
        }
      }
    }
    return still;
  }

  std::string program(int) override { return "sim"; }
  std::vector<std::string> notes() const override { return {}; }

 private:
  static constexpr int kFirstTid = 100;
  struct Actor {
    std::vector<Step> script;
    size_t next;
    int tried;
    bool held;
    bool over() const { return next >= script.size(); }
    bool sleeps() const { return !over() && script[next].call == "sleep"; }
  };

  static int tid_of(size_t index) { return kFirstTid + static_cast<int>(index); }
  int make(const Step& step) {
    if (step.call == "mkdir" || step.call == "lock") {
      return tree_.insert(step.path).second ? 0 : EEXIST;
    }
    if (step.call == "rmdir" || step.call == "unlock") {
      return tree_.erase(step.path) == 1 ? 0 : ENOENT;
    }
    if (step.call == "open-create") {
      std::string parent = step.path.substr(0, step.path.rfind('/'));
      if (tree_.count(parent) == 0) {
        return ENOENT;
      }
      tree_.insert(step.path);
      return 0;
    }
    return tree_.count(step.path) == 1 ? 0 : ENOENT;  // stat
  }

  std::vector<Actor> actors_;
  std::set<std::string> tree_;
  std::uint64_t ids_ = 0;
  // Nobody sleeps in earnest: a sleep ends when it is waited for.
  std::chrono::steady_clock::time_point wake_ =
      std::chrono::steady_clock::now() + std::chrono::seconds(1);
  bool failed_ = false;
};

// One actor removes what another has just made and is about to use: lost only if the removal falls
// between two given calls of the other, while bystanders make noise.
inline std::vector<std::vector<Step>> incident() {
  return {
      {{"stat", "/w", true}, {"rmdir", "/w/skill", true}, {"stat", "/w", true}},
      {{"mkdir", "/w/skill", true}, {"open-create", "/w/skill/one"}, {"stat", "/w/skill", true}},
      {{"mkdir", "/n"}, {"open-create", "/n/a"}, {"open-create", "/n/b"}, {"stat", "/n/a"}},
  };
}

}  // namespace relapse::test
