#include "diagnose/wait_graph.h"

#include <algorithm>
#include <set>

namespace relapse::diagnose {

namespace {

const std::vector<size_t> no_nodes{};

}  // namespace

WaitGraph::WaitGraph(const Snapshot& snapshot, const History& history, const Settings& settings)
    : snapshot_(snapshot),
      history_(history),
      settings_(settings),
      nodes_(find_ways(snapshot, settings)) {
  for (size_t i = 0; i < nodes_.size(); ++i) {
    by_process_[nodes_[i].process].push_back(i);
    by_thread_[nodes_[i].thread] = i;
  }
  stuck_.assign(2, std::vector<bool>(nodes_.size(), true));
  solve(View::kStrict);
  solve(View::kPatient);
}

const std::vector<size_t>& WaitGraph::nodes_of(int host_pid) const {
  auto found = by_process_.find(host_pid);
  return found == by_process_.end() ? no_nodes : found->second;
}

bool WaitGraph::process_stuck(int host_pid, View view) const {
  const ProcessFact* process = snapshot_.process(host_pid);
  if (process == nullptr || process->zombie) {
    return true;  // the dead do nothing
  }
  if (host_pid == snapshot_.observer) {
    return view == View::kPatient;
  }
  const auto& nodes = nodes_of(host_pid);
  return process->seen && !nodes.empty() &&
         std::all_of(nodes.begin(), nodes.end(), [&](size_t node) { return stuck(node, view); });
}

// A thread that ran while we looked is not still. Patiently: unless its process as a whole does
// no more than an idle runtime does.
bool WaitGraph::runs(const ThreadNode& node, View view) const {
  return node.moved && (view == View::kStrict ||
                        history_.process(node.process).cpu_share > settings_.idle_cpu_share);
}

bool WaitGraph::alive(const Hope& hope, const ThreadNode& of, View view) const {
  const bool strict = view == View::kStrict;
  switch (hope.kind) {
    case HopeKind::kProcess:
      return !process_stuck(hope.process, view);
    case HopeKind::kThread: {
      auto node = by_thread_.find(hope.thread);
      return node != by_thread_.end() && !stuck(node->second, view);
    }
    case HopeKind::kSleep:
      return strict || of.main;
    case HopeKind::kTimer:
    case HopeKind::kHidden:
    case HopeKind::kRemote:
      return strict;
    case HopeKind::kFiles:
      // A watcher of files beside the work proper is a runtime's own; one that is all that the
      // program does may have an editor for its partner.
      if (of.main) {
        return true;
      }
      [[fallthrough]];
    case HopeKind::kAnyone: {
      if (!snapshot_.private_world) {
        return strict;
      }
      // Only the tree itself is there to do it.
      return strict && std::any_of(snapshot_.processes.begin(), snapshot_.processes.end(),
                                   [&](const ProcessFact& process) {
                                     return process.inside && process.host_pid != of.process &&
                                            !process_stuck(process.host_pid, view);
                                   });
    }
    case HopeKind::kSilent:
      return false;
    case HopeKind::kReply:
    case HopeKind::kRuns:
    case HopeKind::kDisk:
    case HopeKind::kHeld:
    case HopeKind::kTerminal:
    case HopeKind::kUnseen:
    case HopeKind::kDrained:
      return true;
  }
  return true;
}

void WaitGraph::solve(View view) {
  auto& stuck = stuck_[static_cast<size_t>(view)];
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!stuck[i]) {
        continue;
      }
      const ThreadNode& node = nodes_[i];
      bool out = runs(node, view);
      for (const Way& way : node.ways) {
        out = out || std::any_of(way.hopes.begin(), way.hopes.end(),
                                 [&](const Hope& hope) { return alive(hope, node, view); });
      }
      if (out) {
        stuck[i] = false;
        changed = true;
      }
    }
  }
}

std::vector<int> WaitGraph::targets(const ThreadNode& node) const {
  std::vector<int> found;
  for (const Way& way : node.ways) {
    for (const Hope& hope : way.hopes) {
      if (hope.process != 0) {
        found.push_back(hope.process);
      }
    }
  }
  return found;
}

std::vector<int> WaitGraph::closure(const std::vector<int>& from) const {
  std::set<int> seen(from.begin(), from.end());
  std::vector<int> open(from.begin(), from.end());
  while (!open.empty()) {
    int process = open.back();
    open.pop_back();
    for (size_t node : nodes_of(process)) {
      for (int target : targets(nodes_[node])) {
        if (seen.insert(target).second) {
          open.push_back(target);
        }
      }
    }
  }
  return {seen.begin(), seen.end()};
}

bool WaitGraph::waits_for(int from, int to) const {
  std::vector<int> reached = closure({from});
  return from != to && std::find(reached.begin(), reached.end(), to) != reached.end();
}

}  // namespace relapse::diagnose
