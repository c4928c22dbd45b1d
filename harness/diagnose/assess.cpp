#include "diagnose/assess.h"

#include <fmt/format.h>

#include <algorithm>

#include "diagnose/chain.h"
#include "diagnose/sentence.h"

namespace relapse::diagnose {

using model::Cause;
using model::Diagnosis;
using model::Movement;
using model::Proof;

namespace {

constexpr int kFiringsToSpend = 2;      // a timer that fired twice for nothing is a habit,
constexpr int kLongFiringsToSpend = 1;  // a long one that was set again for as long, after once
constexpr double kLongerAgain = 1.5;    // and one that is now set for much longer is another

double floor_for_input(const InputHistory* input, const Settings& settings) {
  const bool spoken = input != nullptr && (input->touched || input->bytes.value_or(0) > 0);
  return spoken ? settings.spoken_floor_ms : settings.evidence_floor_ms;
}

class Assessor {
 public:
  Assessor(const Snapshot& snapshot, const History& history, const Settings& settings)
      : graph_(snapshot, history, settings) {}

  Assessment run() {
    const Snapshot& snapshot = graph_.snapshot();
    const ProcessFact* root = snapshot.process(snapshot.root);
    if (root == nullptr || root->zombie) {
      result_.diagnosis.verdict = Movement::kEnded;
      result_.diagnosis.sentence = "the program has ended";
      return result_;
    }
    if (graph_.process_stuck(snapshot.root, View::kPatient)) {
      assess_chain(follow(graph_, snapshot.root, View::kPatient));
    } else if (!assess_lock_cycle()) {
      assess_movement();
    }
    return result_;
  }

 private:
  const Snapshot& snapshot() const { return graph_.snapshot(); }
  const Settings& settings() const { return graph_.settings(); }
  const ThreadNode& node_of(const Link& link) const { return graph_.nodes()[link.node]; }
  double quiet_of(int process) const { return graph_.history().process(process).quiet_ms; }

  void assess_chain(const Chain& chain);
  void note_stall(const Chain& chain);
  bool assess_lock_cycle();
  void assess_movement();
  bool idle_server(const Chain& chain) const;
  bool proved(const Chain& chain) const;
  double required_quiet_ms(const Chain& chain);
  void require_for(const ThreadNode& node, const Hope& hope, const Chain& chain,
                   bool awaited_input);
  bool spent(const ThreadNode& node, double due_ms, double since_ms, int times) const;
  bool awaits_silent_input(const Chain& chain) const;
  size_t watched_by(int process, const ThreadFact& thread) const {
    return interests_of(*snapshot().process(process), thread.wait).size();
  }
  const InputHistory* input_of(const Chain& chain) const;
  double still_ms(const Chain& chain) const;
  void name_timer(const ThreadNode& node, double due_ms, const std::string& what);
  bool name_mover(int process, std::vector<int>& seen);
  void name_hope(const ThreadNode& node, const Way& way, const Hope& hope);

  WaitGraph graph_;
  Assessment result_;
  double required_ms_ = 0;
  bool unseen_ = false;  // what is waited out cannot be seen
  // A time-out that still has to be waited out.
  struct Pending {
    size_t node = 0;
    double due_ms = 0;
  };
  std::optional<Pending> pending_;
};

// The end's own quiet; that of its whole process, or for a lock among threads of the thread.
double Assessor::still_ms(const Chain& chain) const {
  const Link& last = chain.links.back();
  const ThreadNode& node = node_of(last);
  const bool thread_only = last.next && last.next->kind == HopeKind::kThread;
  return thread_only ? graph_.history().thread(node.thread).still_ms : quiet_of(node.process);
}

// A server without a client: not stuck, as long as nobody waits for its output to end.
bool Assessor::idle_server(const Chain& chain) const {
  if (chain.end().way.cause != Cause::kAccept) {
    return false;
  }
  return std::none_of(chain.links.begin(), chain.links.end(), [&](const Link& link) {
    return link.way.cause != Cause::kAccept && link.way.input;
  });
}

bool Assessor::proved(const Chain& chain) const {
  return graph_.stuck(chain.links.back().node, View::kStrict);
}

const InputHistory* Assessor::input_of(const Chain& chain) const {
  const Link& end = chain.end();
  if (!end.way.input) {
    return nullptr;
  }
  auto found = graph_.history().inputs.find({node_of(end).process, end.way.fd});
  return found == graph_.history().inputs.end() ? nullptr : &found->second;
}

// The case of an agent whose input its runner holds open: the waiter's own time-outs say nothing
// then, since neither will do anything before the other does.
bool Assessor::awaits_silent_input(const Chain& chain) const {
  const Link& end = chain.end();
  const bool input = end.way.cause == Cause::kStdinOpen || end.way.cause == Cause::kPipeEmpty;
  if (!input || end.way.hopes.empty()) {
    return false;
  }
  const int waiter = node_of(end).process;
  return std::all_of(end.way.hopes.begin(), end.way.hopes.end(), [&](const Hope& hope) {
    if (hope.kind == HopeKind::kSilent) {
      return true;
    }
    return hope.kind == HopeKind::kProcess &&
           (hope.process == waiter || hope.process == snapshot().observer ||
            graph_.waits_for(hope.process, waiter) ||
            graph_.waits_for(hope.process, snapshot().observer));
  });
}

bool Assessor::spent(const ThreadNode& node, double due_ms, double since_ms, int times) const {
  int fired = 0;
  double longest_ms = 0;
  for (const Firing& firing : graph_.history().thread(node.thread).firings) {
    if (firing.at_ms > since_ms) {
      ++fired;
      longest_ms = std::max(longest_ms, firing.after_ms);
    }
  }
  return fired >= times && due_ms <= kLongerAgain * std::max(longest_ms, 1.0);
}

void Assessor::require_for(const ThreadNode& node, const Hope& hope, const Chain& chain,
                           bool awaited_input) {
  auto require = [&](double quiet_ms) { required_ms_ = std::max(required_ms_, quiet_ms); };
  const double since_ms = snapshot().at_ms - still_ms(chain);
  const int waiter = node_of(chain.end()).process;
  const ThreadFact* thread = nullptr;
  for (const ThreadFact& candidate : snapshot().process(node.process)->threads) {
    thread = candidate.tid == node.thread ? &candidate : thread;
  }
  switch (hope.kind) {
    case HopeKind::kSleep:
    case HopeKind::kTimer: {
      require(settings().evidence_floor_ms);
      const bool is_long = hope.due_ms >= settings().holder_timer_ms;
      if (hope.due_ms > settings().horizon_ms ||
          spent(node, hope.due_ms, since_ms, is_long ? kLongFiringsToSpend : kFiringsToSpend)) {
        return;
      }
      const bool own = node.process == waiter;
      // A time-out on one descriptor is a decision about it; in an event loop it is anybody's.
      const bool decided = thread != nullptr && (thread->wait.kind == WaitKind::kSleep ||
                                                 (own && watched_by(node.process, *thread) == 1));
      const bool excused = awaited_input && !decided &&
                           (own || hope.due_ms > settings().holder_timer_ms ||
                            spent(node, hope.due_ms, since_ms, 1));
      if (excused) {
        require(floor_for_input(input_of(chain), settings()));
      } else if (!pending_ || hope.due_ms > pending_->due_ms) {
        pending_ = Pending{static_cast<size_t>(&node - graph_.nodes().data()), hope.due_ms};
      }
      return;
    }
    case HopeKind::kHidden:
    case HopeKind::kRemote:
      unseen_ = true;
      require(settings().unseen_floor_ms);
      return;
    case HopeKind::kAnyone:
      require(settings().evidence_floor_ms);
      return;
    case HopeKind::kProcess:
      if (hope.process == snapshot().observer) {
        require(settings().evidence_floor_ms);
      }
      return;
    default:
      return;
  }
}

// How long the end of the chain must have been quiet for what could still move it.
double Assessor::required_quiet_ms(const Chain& chain) {
  required_ms_ = settings().quiet_ms;
  std::vector<int> concerned;
  for (const Link& link : chain.links) {
    concerned.push_back(node_of(link).process);
  }
  const bool awaited_input = awaits_silent_input(chain);
  for (int process : graph_.closure(concerned)) {
    for (size_t i : graph_.nodes_of(process)) {
      const ThreadNode& node = graph_.nodes()[i];
      for (const Way& way : node.ways) {
        for (const Hope& hope : way.hopes) {
          if (graph_.alive(hope, node, View::kStrict)) {
            require_for(node, hope, chain, awaited_input);
          }
        }
      }
    }
  }
  return required_ms_;
}

void Assessor::name_timer(const ThreadNode& node, double due_ms, const std::string& what) {
  const ProcessFact& process = *snapshot().process(node.process);
  Diagnosis& d = result_.diagnosis;
  d.verdict = Movement::kProgress;
  d.proof = Proof::kNone;
  d.cause = Cause::kTimer;
  d.process = ref_of(process);
  d.peer.reset();
  d.fd.reset();
  d.peer_fd.reset();
  d.peer_wrote_bytes.reset();
  const double waited_ms = graph_.history().thread(node.thread).still_ms;
  d.sentence = fmt::format("{} {}, due within {:.1f} s", name_of(process), what,
                           std::max(0.0, due_ms - waited_ms) / 1e3);
}

void Assessor::note_stall(const Chain& chain) {
  result_.still = true;
  result_.named_process = node_of(chain.links.back()).process;
  result_.candidate = result_.diagnosis.cause;
  result_.candidate_sentence = result_.diagnosis.sentence;
}

void Assessor::assess_chain(const Chain& chain) {
  Diagnosis& d = result_.diagnosis;
  if (chain.links.empty()) {
    d.verdict = Movement::kUndecided;
    d.cause = Cause::kUnknown;
    d.sentence = "nothing moves, and what it waits for cannot be seen";
    return;
  }
  tell_cause(graph_, chain, d);
  tell_evidence(graph_, chain, d);
  d.quiet_ms = still_ms(chain);
  note_stall(chain);
  if (idle_server(chain)) {
    d.verdict = Movement::kProgress;
    result_.still = false;
    return;
  }
  const bool closed = proved(chain);
  double required_ms = required_quiet_ms(chain);
  if (closed) {
    // Nobody's timer frees this set, but one may belong to a watchdog above it.
    required_ms = graph_.process_stuck(snapshot().root, View::kStrict)
                      ? settings().quiet_ms
                      : std::max(settings().quiet_ms, settings().evidence_floor_ms);
  } else if (pending_) {
    const std::string stall = d.sentence;
    name_timer(graph_.nodes()[pending_->node], pending_->due_ms, "has a timer running");
    d.evidence.push_back("until then: " + stall);
    return;
  }
  if (d.quiet_ms < required_ms) {
    d.verdict = Movement::kUndecided;
    d.evidence.push_back(fmt::format("quiet for {:.1f} s; called a hang after {:.1f} s{}",
                                     d.quiet_ms / 1e3, required_ms / 1e3,
                                     unseen_ ? ", since what could end it cannot be seen" : ""));
    return;
  }
  d.verdict = Movement::kHang;
  d.proof = closed ? Proof::kProved : Proof::kEvidence;
}

// Threads or processes that wait for each other's locks stay so whatever the others do.
bool Assessor::assess_lock_cycle() {
  for (const ProcessFact& process : snapshot().processes) {
    Chain chain = process.inside ? follow(graph_, process.host_pid, View::kStrict) : Chain{};
    if (chain.links.empty()) {
      continue;
    }
    const Link& last = chain.links.back();
    const bool by_thread = last.next && last.next->kind == HopeKind::kThread;
    const bool by_lock = last.way.cause == Cause::kFileLock;
    const double needed_ms = std::max(settings().quiet_ms, settings().evidence_floor_ms);
    if ((!by_thread && !by_lock) || still_ms(chain) < needed_ms) {
      continue;
    }
    Diagnosis& d = result_.diagnosis;
    tell_cause(graph_, chain, d);
    tell_evidence(graph_, chain, d);
    d.quiet_ms = still_ms(chain);
    d.verdict = Movement::kHang;
    d.proof = Proof::kProved;
    note_stall(chain);
    return true;
  }
  return false;
}

void Assessor::name_hope(const ThreadNode& node, const Way& way, const Hope& hope) {
  const ProcessFact& process = *snapshot().process(node.process);
  Diagnosis& d = result_.diagnosis;
  d.verdict = Movement::kProgress;
  d.process = ref_of(process);
  const std::string who = name_of(process);
  switch (hope.kind) {
    case HopeKind::kSleep:
      name_timer(node, hope.due_ms, "sleeps on a timer");
      return;
    case HopeKind::kReply:
      d.cause = Cause::kSocketReply;
      d.fd = way.fd;
      d.sentence = fmt::format("{} waits for a reply of {}, which is due in {:.1f} s", who,
                               way.far_name, hope.due_ms / 1e3);
      return;
    case HopeKind::kDisk:
      d.cause = Cause::kDisk;
      d.sentence = fmt::format("{} waits in the kernel for a disk or a file system", who);
      return;
    case HopeKind::kTerminal:
      d.cause = Cause::kTerminal;
      d.verdict = Movement::kUndecided;
      d.fd = way.fd;
      d.sentence = fmt::format("{} waits for a terminal, {}: a person may type", who, way.object);
      return;
    case HopeKind::kFiles:
      d.cause = Cause::kUnknown;
      d.sentence = fmt::format("{} waits for a file to change", who);
      return;
    case HopeKind::kDrained:
      d.cause = Cause::kPipeFull;
      d.sentence = fmt::format("{} writes to {}, which is being read", who, way.object);
      return;
    case HopeKind::kHeld:
      d.cause = Cause::kUnknown;
      d.sentence = fmt::format("a system call of {} is held by a supervisor", who);
      return;
    case HopeKind::kUnseen:
      d.cause = Cause::kUnknown;
      d.verdict = Movement::kUndecided;
      d.sentence = fmt::format("what {} waits for may not be seen by this user", who);
      return;
    default:
      d.cause = Cause::kCpu;
      d.sentence = fmt::format("{} runs ({:.1f} % of a processor)", who,
                               graph_.history().process(process.host_pid).cpu_share * 100);
  }
}

// Depth first from `process` along what is not stuck, to something that moves by itself.
bool Assessor::name_mover(int process, std::vector<int>& seen) {
  if (std::find(seen.begin(), seen.end(), process) != seen.end()) {
    return false;
  }
  seen.push_back(process);
  const ProcessFact* fact = snapshot().process(process);
  if (fact != nullptr && !fact->seen) {
    result_.diagnosis.verdict = Movement::kUndecided;
    result_.diagnosis.cause = Cause::kUnknown;
    result_.diagnosis.process = ref_of(*fact);
    result_.diagnosis.sentence =
        fmt::format("what {} does may not be seen by this user", name_of(*fact));
    return true;
  }
  for (const bool itself : {true, false}) {
    for (size_t i : graph_.nodes_of(process)) {
      const ThreadNode& node = graph_.nodes()[i];
      if (graph_.stuck(i, View::kPatient)) {
        continue;
      }
      for (const Way& way : node.ways) {
        for (const Hope& hope : way.hopes) {
          const bool other = hope.kind == HopeKind::kProcess || hope.kind == HopeKind::kThread;
          if (!graph_.alive(hope, node, View::kPatient) || other == itself) {
            continue;
          }
          if (itself) {
            name_hope(node, way, hope);
            return true;
          }
          if (name_mover(hope.process, seen)) {
            return true;
          }
        }
      }
      if (itself && node.moved) {
        name_hope(node, Way{}, {HopeKind::kRuns});
        return true;
      }
    }
  }
  return false;
}

void Assessor::assess_movement() {
  std::vector<int> seen;
  Diagnosis& d = result_.diagnosis;
  if (!name_mover(snapshot().root, seen)) {
    d.verdict = Movement::kUndecided;
    d.cause = Cause::kUnknown;
    d.sentence = "it could not be seen what moves the program";
  }
  d.quiet_ms = quiet_of(snapshot().root);
}

}  // namespace

Assessment assess(const Snapshot& snapshot, const History& history, const Settings& settings) {
  return Assessor(snapshot, history, settings).run();
}

}  // namespace relapse::diagnose
