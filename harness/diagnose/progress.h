#pragma once
// What changed from sample to sample, and since when each process is quiet. Pure.
//
// Counted are effects: bytes, children, requests, output, processor time above an idle runtime's.
// Wake-ups are not: a program that hangs may wake up ten times a second, and one that works may
// stand still for ten seconds.

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "diagnose/history.h"
#include "diagnose/settings.h"
#include "diagnose/snapshot.h"
#include "os/proc.h"

namespace relapse::diagnose {

struct ProcessSample {
  int host_pid = 0;
  int parent = 0;
  std::uint64_t started = 0;
  std::uint64_t cpu_ns = 0;
  std::uint64_t queued_ns = 0;  // all its threads: runnable, but without a processor
  std::optional<os::IoCount> io;
  std::uint64_t outputs = 0;  // writes seen on its standard output and error
  std::uint64_t inputs = 0;   // reads seen on its standard input
  bool zombie = false;
};

// Something the caller counts (requests at a fake, bytes of output), for one process or the root.
struct Counter {
  std::string name;
  std::uint64_t value = 0;
  int host_pid = 0;  // 0: the root
};

struct Sample {
  double at_ms = 0;
  int root = 0;
  std::vector<ProcessSample> processes;
  std::vector<Counter> counters;
};

class Progress {
 public:
  explicit Progress(const Settings& settings) : settings_(settings) {}

  void add(const Sample& sample);
  // What only a full look shows: bytes of sockets, positions of files, blocking calls that
  // returned, timers that fired.
  void add(const Snapshot& snapshot);

  // As of `now_ms`; the inputs are the caller's to fill in.
  History history(double now_ms) const;
  double quiet_ms(int host_pid, double now_ms) const;

 private:
  struct Track {
    std::uint64_t started = 0;
    double quiet_since_ms = 0;
    double cpu_share = 0;
    std::string last_effect;
    std::deque<std::pair<double, ProcessSample>> window;
    std::map<std::string, std::uint64_t> facts;  // of the last full look
  };
  struct ThreadTrack {
    double still_since_ms = 0;
    std::uint64_t slices = 0;
    std::optional<double> timeout_ms;
    std::vector<Firing> firings;
  };

  void add_process(const ProcessSample& sample, double now_ms);
  void compare_window(Track& track, const ProcessSample& sample, double now_ms);
  void add_children(const Sample& sample);
  void add_counters(const Sample& sample);
  bool add_thread(const ProcessFact& process, const ThreadFact& thread, double now_ms);
  void add_facts(const Snapshot& snapshot, const ProcessFact& process, bool ran);
  void effect(int host_pid, double now_ms, std::string what);

  Settings settings_;
  std::map<int, Track> tracks_;
  std::map<int, ThreadTrack> threads_;
  std::map<int, int> parents_;  // of the processes of the last sample
  std::map<std::string, std::uint64_t> counters_;
};

}  // namespace relapse::diagnose
