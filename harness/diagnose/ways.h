#pragma once
// What could end each thread's wait: a thread has ways out (any one suffices), and each way has
// hopes, the actors or events that could open it. Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "diagnose/channels.h"
#include "diagnose/settings.h"
#include "diagnose/snapshot.h"
#include "model/diagnosis.h"

namespace relapse::diagnose {

enum class HopeKind {
  kProcess,  // any thread of it may act (write, close, end)
  kThread,   // this one thread must act (unlock, end)
  kTimer,    // a time-out beside another wait
  kSleep,    // a timer and nothing else: the thread will go on
  kHidden,   // a timer that may be set, with no time to be read
  kReply,    // a fake has a reply scheduled
  kRuns,     // it runs, or is about to
  kDisk,
  kHeld,      // a supervisor holds the call
  kTerminal,  // a person
  kFiles,     // somebody's change to a file
  kAnyone,    // whoever sends a signal, connects, opens: nobody in particular
  kRemote,    // whom we cannot see
  kUnseen,    // what it waits for could not be read
  kDrained,   // we ourselves read it
  kSilent,    // we ourselves hold it, and never write
};

struct Hope {
  HopeKind kind = HopeKind::kUnseen;
  int process = 0;  // host pid
  int thread = 0;   // tid
  int fd = -1;      // the holder's
  double due_ms = 0;
};

struct Way {
  model::Cause cause = model::Cause::kUnknown;
  int score = 0;  // how telling it is, among a process's ways
  int fd = -1;
  bool input = false;
  std::string object;         // "fd 0 (socket:[81])", "the child", "/run/lock"
  std::string far_name;       // "127.0.0.1:8080", the fake's name
  std::uint64_t channel = 0;  // the same for both directions of a connection
  std::vector<Hope> hopes;
};

struct ThreadNode {
  int process = 0;
  int thread = 0;
  bool main = false;
  bool moved = false;
  std::vector<Way> ways;
};

// One node for every thread of every process in the snapshot.
std::vector<ThreadNode> find_ways(const Snapshot& snapshot, const Settings& settings);

}  // namespace relapse::diagnose
