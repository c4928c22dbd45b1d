#include "trial/monitor.h"

#include <set>

#include "diagnose/watch.h"
#include "os/proc.h"

namespace relapse::run {

namespace {

// The subject's pid as we see it: a child of PID 1 whose innermost number is `inside`.
int host_pid_of(int init_pid, int inside) {
  for (int pid : os::list_pids()) {
    auto stat = os::read_stat(pid);
    if (!stat || stat->ppid != init_pid) {
      continue;
    }
    auto status = os::read_status(pid);
    if (status && !status->ns_pids.empty() && status->ns_pids.back() == inside) {
      return pid;
    }
  }
  return 0;
}

diagnose::FakeFact fake_fact(const std::string& name, int port,
                             const std::vector<model::OpenCall>& open) {
  diagnose::FakeFact fact;
  fact.name = name;
  fact.port = port;
  for (const auto& call : open) {
    if (call.server_port != port) {
      continue;
    }
    diagnose::PendingReply reply;
    reply.client_port = call.client_port;
    reply.for_ever =
        call.state == model::ReplyState::kHeld || call.state == model::ReplyState::kHeldOpen;
    reply.due_ms = call.due_in_ms;
    fact.pending.push_back(reply);
  }
  return fact;
}

diagnose::Settings settings_for(const model::TrialPlan& plan) {
  diagnose::Settings settings;
  settings.quiet_ms = plan.quiet_ms;
  return settings;
}

}  // namespace

struct Monitor::State {
  State(const model::TrialPlan& trial_plan, int root, const OwnEnds& own)
      : plan(trial_plan), watch(root, settings_for(trial_plan), 0) {
    if (!plan.main_role.empty()) {
      knowledge.roles[root] = plan.main_role;
    }
    knowledge.drained = own.drained;
    if (own.silent_input != 0) {
      knowledge.kept_silent.push_back(own.silent_input);
    }
  }

  // A program is known by how it was started; many change their title later, so what was once
  // recognised stays.
  void recognise() {
    std::set<int> now;
    for (int pid : os::list_pids()) {
      now.insert(pid);
      if (!looked_at.insert(pid).second) {
        continue;
      }
      auto stat = os::read_stat(pid);
      const auto words = os::read_command_line(pid);
      if (words.empty() || !stat || stat->forked_only) {
        looked_at.erase(pid);  // not there, or not yet what it will be
        continue;
      }
      if (auto role = role_of(words); role && is_inside(pid)) {
        knowledge.roles.emplace(pid, *role);
      }
    }
    std::erase_if(looked_at, [&](int pid) { return !now.contains(pid); });
  }

  std::optional<std::string> role_of(const std::vector<std::string>& words) const {
    for (const auto& word : words) {
      auto found = plan.program_roles.find(word);
      if (found != plan.program_roles.end()) {
        return found->second;
      }
    }
    return std::nullopt;
  }

  bool is_inside(int pid) const {
    auto space = os::namespace_id(pid, "pid");
    auto own = os::namespace_id(watch.root(), "pid");
    return space && own && *space == *own;
  }

  void learn(const MonitorInput& input) {
    recognise();
    knowledge.fakes.clear();
    for (size_t i = 0; i < plan.fake_names.size(); ++i) {
      knowledge.fakes.push_back(
          fake_fact(plan.fake_names[i], plan.world.listen_ports.at(i), input.open_calls));
    }
    latest_ms = input.now_ms;
  }

  // For people: which program it was that played the role.
  void name_programs(model::Diagnosis& diagnosis) const {
    for (auto* party : {&diagnosis.process, &diagnosis.peer}) {
      for (const auto& subject : plan.subjects) {
        if (*party && (*party)->name == subject.name) {
          (*party)->detail = subject.label;
        }
      }
    }
  }

  const model::TrialPlan& plan;
  diagnose::Watch watch;
  diagnose::Knowledge knowledge;
  std::set<int> looked_at;
  std::vector<model::Stall> stalls;
  double latest_ms = 0;
};

Monitor::Monitor(const model::TrialPlan& plan, int init_pid, int subject_pid, OwnEnds own)
    : state_(std::make_unique<State>(plan, host_pid_of(init_pid, subject_pid), own)) {}

Monitor::~Monitor() = default;

std::optional<model::Diagnosis> Monitor::look(const MonitorInput& input) {
  state_->learn(input);
  auto step = state_->watch.step(
      input.now_ms, state_->knowledge,
      {{"output", input.output_bytes, 0}, {"calls to the fakes", input.fake_changes, 0}});
  if (step.ended_stall) {
    state_->stalls.push_back(*step.ended_stall);
  }
  if (step.hang) {
    state_->name_programs(*step.hang);
  }
  return step.hang;
}

double Monitor::next_look_ms() const {
  return state_->watch.next_due_ms();
}

model::Diagnosis Monitor::report() {
  auto diagnosis = state_->watch.report(state_->latest_ms, state_->knowledge);
  state_->name_programs(diagnosis);
  return diagnosis;
}

const std::vector<model::Stall>& Monitor::stalls() const {
  return state_->stalls;
}

}  // namespace relapse::run
