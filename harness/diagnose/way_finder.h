#pragma once
// The making of ways.h: one thread after another, by the kind of its wait. What concerns
// descriptors is in way_streams.cpp, everything else in ways.cpp.

#include <algorithm>
#include <cstdint>

#include "diagnose/ways.h"

namespace relapse::diagnose {

// How much a way says about why its process waits. Only the order matters: a wait on one thing
// before a wait on many, the main thread before helpers, an input before an idle connection.
enum Score : int {
  kScoreNothing = 0,
  kScoreOwnChannel = 3,  // self-pipes and eventfds of a runtime
  kScoreIdleThread = 5,
  kScoreIdleConnection = 8,
  kScoreTimer = 10,
  kScoreFiles = 15,
  kScoreSignal = 18,
  kScoreLooseFutex = 20,  // a condition without a known owner
  kScoreAccept = 30,
  kScoreTerminal = 45,
  kScoreSocket = 50,
  kScorePipe = 52,
  kScoreChild = 55,
  kScoreOutput = 56,
  kScoreReply = 57,
  kScoreStdin = 58,
  kScoreOneThing = 60,  // added to by the kind of the thread
  kScoreOwnedLock = 65,
  kScoreMain = 15,  // added
  kScoreStopped = 100,
};

constexpr std::uint64_t signal_bit(int number) {
  return std::uint64_t{1} << static_cast<unsigned>(number - 1);
}

class WayFinder {
 public:
  WayFinder(const Snapshot& snapshot, const Settings& settings)
      : snapshot_(snapshot), settings_(settings) {}

  ThreadNode node(const ProcessFact& process, const ThreadFact& thread) {
    process_ = &process;
    thread_ = &thread;
    node_ = ThreadNode{};
    node_.process = process.host_pid;
    node_.thread = thread.tid;
    node_.main = thread.main(process.host_pid);
    node_.moved = thread.moved;
    add_ways();
    add_timers();
    return std::move(node_);
  }

 private:
  void add_ways();
  void add_timers();
  void add_hidden_timers();
  void add_descriptor(const Interest& interest, bool only_thing);
  void add_input(const os::FdFact& fd, bool only_thing);
  void add_event_source(const os::FdFact& fd);
  void add_output(const os::FdFact& fd, bool only_thing);
  void add_socket_input(const os::FdFact& fd, const FarEnd& end, bool only_thing);
  void add_holders_input(const os::FdFact& fd, const FarEnd& end, bool only_thing);
  void add_fake_input(const os::FdFact& fd, const FarEnd& end, bool only_thing);
  void add_terminal(const os::FdFact& fd, model::Cause cause);
  void add_children(bool implied);
  void add_child(const ProcessFact& child, int score);
  void add_signal();
  void add_futex();
  void add_file_lock();
  void add_connect();

  Way& add(model::Cause cause, int score) {
    Way way;
    way.cause = cause;
    way.score = score;
    node_.ways.push_back(way);
    return node_.ways.back();
  }
  void add_state(HopeKind kind, model::Cause cause) { add(cause, kScoreOneThing).hopes = {{kind}}; }
  int one_thing() const { return kScoreOneThing + (node_.main ? kScoreMain : 0); }
  static Hope process_hope(const Holder& holder) {
    return {HopeKind::kProcess, holder.process, 0, holder.fd};
  }
  // Our own ends are as the caller says: an output that we hold is read, an input may be kept
  // silent on purpose.
  Hope end_hope(const Holder& holder, std::uint64_t inode, bool input) const {
    Hope hope = process_hope(holder);
    const auto& silent = snapshot_.knowledge.kept_silent;
    if (holder.process == snapshot_.observer) {
      const bool kept = std::find(silent.begin(), silent.end(), inode) != silent.end();
      hope.kind = kept ? HopeKind::kSilent : input ? HopeKind::kProcess : HopeKind::kDrained;
    }
    return hope;
  }
  bool is_child_of_ours(const ProcessFact& other) const {
    return other.parent == process_->host_pid || other.tracer == process_->host_pid;
  }
  bool descends(const ProcessFact& other) const;
  bool drained(std::uint64_t inode) const {
    const auto& list = snapshot_.knowledge.drained;
    return std::find(list.begin(), list.end(), inode) != list.end();
  }
  std::uint64_t channel_of(const os::FdFact& fd) const;

  const Snapshot& snapshot_;
  const Settings& settings_;
  const ProcessFact* process_ = nullptr;
  const ThreadFact* thread_ = nullptr;
  ThreadNode node_;
};

}  // namespace relapse::diagnose
