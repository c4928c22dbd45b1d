#include "diagnose/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace relapse::diagnose {

namespace {

constexpr double kWindowMs = 1000;        // long enough for the processor's 10 ms ticks
constexpr double kTickMs = 10;            // what the tick may wrongly add at each edge
constexpr std::uint64_t kEventBytes = 8;  // a write to an eventfd
constexpr size_t kMostFirings = 64;

const ProcessHistory no_process{};
const ThreadHistory no_thread{};

// Direct blocking calls without a time-out: when such a thread ran, the call had returned.
bool returns_only_with_effect(const ProcessFact& process, const Wait& wait) {
  switch (wait.kind) {
    case WaitKind::kInput:
    case WaitKind::kOutput:
    case WaitKind::kAccept:
    case WaitKind::kFileLock:
      break;
    default:
      return false;
  }
  bool timed = wait.timeout_ms.has_value();
  for (const Interest& interest : wait.fds) {
    auto lent = process.lent.find(interest.fd);
    timed = timed || (lent != process.lent.end() &&
                      (lent->second.receive_timeout_ms > 0 || lent->second.send_timeout_ms > 0));
    const os::FdFact* fd = process.fd(interest.fd);
    // The runtime's own wake-ups.
    timed = timed || (fd != nullptr &&
                      (fd->kind == os::FdKind::kEventFd || fd->kind == os::FdKind::kTimerFd));
  }
  return !timed;
}

}  // namespace

const ProcessHistory& History::process(int host_pid) const {
  auto found = processes.find(host_pid);
  return found == processes.end() ? no_process : found->second;
}

const ThreadHistory& History::thread(int tid) const {
  auto found = threads.find(tid);
  return found == threads.end() ? no_thread : found->second;
}

void Progress::effect(int host_pid, double now_ms, std::string what) {
  auto track = tracks_.find(host_pid);
  if (track != tracks_.end()) {
    track->second.quiet_since_ms = now_ms;
    track->second.last_effect = std::move(what);
  }
}

void Progress::compare_window(Track& track, const ProcessSample& sample, double now_ms) {
  const auto& [then_ms, then] = track.window.front();
  const ProcessSample& before = track.window.back().second;
  const double span_ms = now_ms - then_ms;
  const double cpu_ms = static_cast<double>(sample.cpu_ns - then.cpu_ns) / 1e6;
  // On a crowded machine a busy program gets so little that it would look idle.
  const std::uint64_t queued_ns = std::max(sample.queued_ns, then.queued_ns) - then.queued_ns;
  const double wanted_ms = cpu_ms + static_cast<double>(queued_ns) / 1e6;
  const bool starved = wanted_ms > settings_.starved_cpu_share * std::max(span_ms, kWindowMs);
  track.cpu_share = span_ms > 0 ? std::max(0.0, cpu_ms - kTickMs) / span_ms : 0;
  if (starved) {
    track.cpu_share = std::max(track.cpu_share, wanted_ms / std::max(span_ms, kWindowMs));
  }
  const bool ran_now = sample.cpu_ns != before.cpu_ns;
  if (starved ||
      (ran_now && cpu_ms > settings_.idle_cpu_share * std::max(span_ms, kWindowMs) + kTickMs)) {
    effect(sample.host_pid, now_ms, fmt::format("used {:.0f} ms of processor time", cpu_ms));
  }
  if (sample.outputs != before.outputs && sample.io && before.io &&
      sample.io->write_calls != before.io->write_calls) {
    effect(sample.host_pid, now_ms, "wrote to its output");
  }
  if (sample.inputs != before.inputs) {
    effect(sample.host_pid, now_ms, "read its input");
  }
  if (!sample.io || !before.io || !then.io) {
    return;
  }
  const std::uint64_t written = sample.io->written_bytes - before.io->written_bytes;
  const std::uint64_t writes = sample.io->write_calls - before.io->write_calls;
  if (written != kEventBytes * writes) {
    effect(sample.host_pid, now_ms, fmt::format("wrote {} bytes", written));
  }
  const double span_s = std::max(span_ms, kWindowMs) / 1e3;
  const auto read = static_cast<double>(sample.io->read_bytes - then.io->read_bytes);
  const auto reads = static_cast<double>(sample.io->read_calls - then.io->read_calls);
  const bool read_now = sample.io->read_calls != before.io->read_calls;
  if (read_now && (read > settings_.idle_read_bytes_s * span_s ||
                   reads > settings_.idle_read_calls_s * span_s)) {
    effect(sample.host_pid, now_ms, fmt::format("read {:.0f} bytes", read));
  }
}

void Progress::add_process(const ProcessSample& sample, double now_ms) {
  Track& track = tracks_[sample.host_pid];
  if (track.window.empty() || track.started != sample.started) {
    track = Track{};
    track.started = sample.started;
    track.quiet_since_ms = now_ms;
    track.last_effect = "began";
  } else {
    compare_window(track, sample, now_ms);
  }
  track.window.emplace_back(now_ms, sample);
  // The oldest one kept is the last that is at least a window old.
  while (track.window.size() > 2 && now_ms - track.window[1].first >= kWindowMs) {
    track.window.pop_front();
  }
}

void Progress::add_children(const Sample& sample) {
  std::map<int, int> parents;
  for (const ProcessSample& process : sample.processes) {
    if (process.zombie) {
      continue;
    }
    parents[process.host_pid] = process.parent;
    if (parents_.count(process.host_pid) == 0) {
      effect(process.parent, sample.at_ms, "started a child");
    }
  }
  for (const auto& [pid, parent] : parents_) {
    if (parents.count(pid) == 0) {
      effect(parent, sample.at_ms, "a child of it ended");
    }
  }
  parents_ = std::move(parents);
}

void Progress::add_counters(const Sample& sample) {
  for (const Counter& counter : sample.counters) {
    auto [known, fresh] = counters_.try_emplace(counter.name, counter.value);
    if (!fresh && known->second != counter.value) {
      known->second = counter.value;
      effect(counter.host_pid == 0 ? sample.root : counter.host_pid, sample.at_ms, counter.name);
    }
  }
}

void Progress::add(const Sample& sample) {
  std::set<int> present;
  for (const ProcessSample& process : sample.processes) {
    add_process(process, sample.at_ms);
    present.insert(process.host_pid);
  }
  std::erase_if(tracks_, [&](const auto& track) { return present.count(track.first) == 0; });
  add_children(sample);
  add_counters(sample);
}

bool Progress::add_thread(const ProcessFact& process, const ThreadFact& thread, double now_ms) {
  auto [known, fresh] = threads_.try_emplace(thread.tid);
  ThreadTrack& track = known->second;
  const bool ran = fresh || track.slices != thread.ran.slices;
  if (ran) {
    if (!fresh && track.timeout_ms) {
      track.firings.push_back({now_ms, *track.timeout_ms});
      if (track.firings.size() > kMostFirings) {
        track.firings.erase(track.firings.begin());
      }
    }
    if (!fresh && returns_only_with_effect(process, thread.wait)) {
      effect(process.host_pid, now_ms, fmt::format("went on from {}", thread.wait.call));
    }
    track.still_since_ms = now_ms;
    track.slices = thread.ran.slices;
    track.timeout_ms = thread.wait.timeout_ms;
  }
  return ran;
}

void Progress::add_facts(const Snapshot& snapshot, const ProcessFact& process, bool ran) {
  std::map<std::string, std::uint64_t> facts;
  for (const os::FdFact& fd : process.fds) {
    if (fd.kind == os::FdKind::kFile && fd.link.rfind("/proc/", 0) != 0) {
      facts[fmt::format("the position in {}", fd.link)] = static_cast<std::uint64_t>(fd.position);
    }
    const os::SocketFact* socket = snapshot.socket(fd.inode);
    if (fd.kind == os::FdKind::kSocket && socket != nullptr && !socket->datagrams) {
      facts[fmt::format("bytes in {}", fd.link)] =
          socket->bytes_in.value_or(0) + socket->bytes_out.value_or(0) + socket->unread;
    }
  }
  auto track = tracks_.find(process.host_pid);
  if (track == tracks_.end()) {
    return;
  }
  for (const auto& [name, value] : facts) {
    auto before = track->second.facts.find(name);
    // Files and sockets are shared: what another process did to them is not this one's doing.
    if (ran && before != track->second.facts.end() && before->second != value) {
      effect(process.host_pid, snapshot.at_ms, name);
    }
  }
  track->second.facts = std::move(facts);
}

void Progress::add(const Snapshot& snapshot) {
  std::set<int> present;
  for (const ProcessFact& process : snapshot.processes) {
    if (process.host_pid == snapshot.observer) {
      continue;
    }
    bool ran = false;
    for (const ThreadFact& thread : process.threads) {
      ran = add_thread(process, thread, snapshot.at_ms) || ran;
      present.insert(thread.tid);
    }
    add_facts(snapshot, process, ran);
  }
  std::erase_if(threads_, [&](const auto& track) { return present.count(track.first) == 0; });
}

double Progress::quiet_ms(int host_pid, double now_ms) const {
  auto track = tracks_.find(host_pid);
  return track == tracks_.end() ? 0 : now_ms - track->second.quiet_since_ms;
}

History Progress::history(double now_ms) const {
  History history;
  for (const auto& [pid, track] : tracks_) {
    history.processes[pid] = {now_ms - track.quiet_since_ms, track.cpu_share, track.last_effect};
  }
  for (const auto& [tid, track] : threads_) {
    history.threads[tid] = {now_ms - track.still_since_ms, track.firings};
  }
  return history;
}

}  // namespace relapse::diagnose
