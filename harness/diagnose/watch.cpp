#include "diagnose/watch.h"

#include <algorithm>
#include <chrono>

#include "os/foreign.h"

namespace relapse::diagnose {

namespace {

// An input is watched "from the start" when its process had done little of its work by then: a
// runtime that needs 40 ms and more does not get to its input in the first quarter of that. Of a
// smaller program nothing is claimed: it may have read its input before anybody could look.
constexpr std::uint64_t kTellingCpuNs = 40'000'000;
constexpr std::uint64_t kEarlyPart = 4;

}  // namespace

Watch::Watch(int root, const Settings& settings, double began_ms)
    : settings_(settings),
      began_ms_(began_ms),
      next_due_ms_(began_ms),
      tree_(root),
      progress_(settings) {
  if (auto opened = os::FdActivity::open()) {
    activity_ = std::move(*opened);  // without it bytes are known less well, and we say so
  }
}

void Watch::watch_descriptors(const os::ProcStat& stat, double now_ms) {
  auto known = watched_.find(stat.pid);
  if (known != watched_.end() && known->second == stat.started) {
    return;
  }
  watched_[stat.pid] = stat.started;
  young_until_ms_ = now_ms + settings_.young_ms;
  for (int fd : {0, 1, 2}) {
    auto link = os::read_fd(stat.pid, fd);
    if (!link) {
      continue;
    }
    const bool queue = link->kind == os::FdKind::kPipe || link->kind == os::FdKind::kSocket ||
                       link->kind == os::FdKind::kFifo;
    if (activity_ && (queue || link->kind == os::FdKind::kFile)) {
      activity_->watch(stat.pid, fd);
    }
    if (fd == 0 && queue) {
      Input input;
      input.started = stat.started;
      input.inode = link->inode;
      input.since_ms = now_ms;
      input.first_cpu_ns = stat.cpu_ns;
      input.socket = link->kind == os::FdKind::kSocket;
      inputs_[stat.pid] = input;
    }
  }
}

// A queue that grows shows bytes before the program reads them, which is how they can be counted
// at all; an event says that some went by between two looks.
void Watch::follow_inputs(double now_ms) {
  (void)now_ms;
  const bool sockets = std::any_of(inputs_.begin(), inputs_.end(),
                                   [](const auto& entry) { return entry.second.socket; });
  const auto listed = sockets ? collector_.unix_sockets(tree_) : std::vector<os::SocketFact>{};
  for (auto& [pid, input] : inputs_) {
    std::optional<std::uint64_t> queued;
    if (input.socket) {
      auto found = std::find_if(listed.begin(), listed.end(), [&, &in = input](const auto& socket) {
        return socket.inode == in.inode;
      });
      if (found != listed.end()) {
        queued = found->unread;
      }
    } else {
      queued = os::unread_in_pipe(pid, 0);
    }
    if (queued) {
      input.written += *queued > input.queued ? *queued - input.queued : 0;
      input.queued = *queued;
    }
    if (activity_) {
      input.now = activity_->of(pid, 0);
    }
  }
}

namespace {

std::uint64_t queued_ns(int pid) {
  std::uint64_t sum = 0;
  for (int tid : os::list_tids(pid)) {
    if (auto count = os::read_run_count(pid, tid)) {
      sum += count->queued_ns;
    }
  }
  return sum;
}

}  // namespace

void Watch::sample(double now_ms, const std::vector<Counter>& counters) {
  tree_.update();
  if (activity_) {
    activity_->collect();
  }
  std::erase_if(inputs_, [&](const auto& input) {
    auto member = tree_.members().find(input.first);
    return member == tree_.members().end() || member->second.started != input.second.started;
  });
  Sample sample;
  sample.at_ms = now_ms;
  sample.root = tree_.root();
  sample.counters = counters;
  for (const auto& [pid, stat] : tree_.members()) {
    ProcessSample process;
    process.host_pid = pid;
    process.parent = stat.ppid;
    process.started = stat.started;
    process.cpu_ns = stat.cpu_ns;
    process.zombie = stat.state == 'Z' || stat.state == 'X';
    if (!process.zombie) {
      watch_descriptors(stat, now_ms);
      process.io = os::read_io(pid);
      process.queued_ns = queued_ns(pid);
    }
    if (activity_) {
      process.outputs = activity_->of(pid, 1).writes + activity_->of(pid, 2).writes;
      process.inputs = activity_->of(pid, 0).reads;
    }
    sample.processes.push_back(process);
  }
  follow_inputs(now_ms);
  progress_.add(sample);
}

void Watch::add_inputs(History& history, double now_ms) const {
  for (const auto& [pid, input] : inputs_) {
    InputHistory known;
    known.watched_ms = now_ms - input.since_ms;
    auto member = tree_.members().find(pid);
    const std::uint64_t cpu_ns = member == tree_.members().end() ? 0 : member->second.cpu_ns;
    known.from_the_start = activity_.has_value() && cpu_ns >= kTellingCpuNs &&
                           input.first_cpu_ns <= cpu_ns / kEarlyPart;
    known.touched = input.now.reads + input.now.writes > 0 || input.written > 0;
    if (input.written > 0 || (known.from_the_start && !known.touched)) {
      known.bytes = input.written;
    }
    history.inputs[{pid, 0}] = known;
  }
}

// Full looks are for trees in which somebody is quiet; a tree at work gets them rarely.
bool Watch::worth_a_look(double now_ms) const {
  const double threshold_ms = std::min(settings_.quiet_ms, settings_.stall_min_ms);
  return std::any_of(tree_.members().begin(), tree_.members().end(), [&](const auto& member) {
    return member.second.state != 'Z' && progress_.quiet_ms(member.first, now_ms) >= threshold_ms;
  });
}

Assessment Watch::look(double now_ms, const Knowledge& knowledge) {
  const auto before = std::chrono::steady_clock::now();
  Snapshot snapshot = collector_.collect(tree_, knowledge, now_ms);
  progress_.add(snapshot);
  History history = progress_.history(now_ms);
  add_inputs(history, now_ms);
  Assessment assessment = assess(snapshot, history, settings_);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - before;
  assessment.diagnosis.analysis_ms = took.count();
  waiting_out_ = assessment.still && assessment.diagnosis.verdict != model::Movement::kHang;
  ++looks_;
  return assessment;
}

std::optional<model::Stall> Watch::end_stall(double now_ms) {
  if (!stall_) {
    return std::nullopt;
  }
  model::Stall stall;
  stall.began_ms = stall_->began_ms - began_ms_;
  stall.duration_ms = now_ms - stall_->began_ms;
  stall.cause = stall_->cause;
  stall.sentence = stall_->sentence;
  stall_.reset();
  return stall.duration_ms >= settings_.stall_min_ms ? std::optional(stall) : std::nullopt;
}

void Watch::update_stall(const Assessment& assessment, double now_ms, WatchStep& step) {
  const double quiet_ms = progress_.quiet_ms(assessment.named_process, now_ms);
  if (stall_ || !assessment.still || quiet_ms < settings_.stall_min_ms) {
    return;
  }
  RunningStall stall;
  stall.began_ms = now_ms - quiet_ms;
  stall.process = assessment.named_process;
  stall.cause = assessment.candidate;
  stall.sentence = assessment.candidate_sentence;
  stall_ = stall;
  step.stall_began = true;
}

WatchStep Watch::step(double now_ms, const Knowledge& knowledge,
                      const std::vector<Counter>& counters) {
  WatchStep step;
  sample(now_ms, counters);
  next_due_ms_ =
      now_ms + (now_ms < young_until_ms_ ? settings_.young_sample_ms : settings_.sample_ms);
  if (stall_ && progress_.quiet_ms(stall_->process, now_ms) < now_ms - stall_->began_ms) {
    step.ended_stall = end_stall(now_ms - progress_.quiet_ms(stall_->process, now_ms));
  }
  if (tree_.root_ended()) {
    step.ended = true;
    return step;
  }
  const bool due = now_ms >= next_look_ms_ && worth_a_look(now_ms);
  if (!due && now_ms < next_look_ms_ + settings_.busy_ms) {
    return step;
  }
  next_look_ms_ = now_ms + std::min(settings_.collect_ms, settings_.quiet_ms);
  Assessment assessment = look(now_ms, knowledge);
  update_stall(assessment, now_ms, step);
  if (assessment.diagnosis.verdict == model::Movement::kHang) {
    step.hang = std::move(assessment.diagnosis);
  }
  return step;
}

model::Diagnosis Watch::report(double now_ms, const Knowledge& knowledge) {
  sample(now_ms, {});
  return look(now_ms, knowledge).diagnosis;
}

}  // namespace relapse::diagnose
