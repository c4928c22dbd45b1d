#include "diagnose/chain.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace relapse::diagnose {

using model::Cause;

namespace {

class Follower {
 public:
  Follower(const WaitGraph& graph, View view) : graph_(graph), view_(view) {}

  Chain run(int start) {
    Chain chain;
    int process = start;
    std::optional<int> thread;
    while (auto link = best_link(process, thread)) {
      chain.links.push_back(*link);
      seen_threads_.insert(graph_.nodes()[link->node].thread);
      seen_processes_.insert(process);
      if (!link->next || !goes_on(*link)) {
        break;
      }
      process = link->next->process;
      thread =
          link->next->kind == HopeKind::kThread ? std::optional(link->next->thread) : std::nullopt;
    }
    chain.named = named_link(chain);
    return chain;
  }

 private:
  bool goes_on(const Link& link) const {
    const Hope& next = *link.next;
    const ProcessFact* process = graph_.snapshot().process(next.process);
    if (process == nullptr || !process->inside || process->zombie) {
      return false;  // of outsiders we tell that they hold it, not why
    }
    if (link.way.cause == Cause::kOrphanHoldsOutput) {
      return false;
    }
    if (next.kind == HopeKind::kThread) {
      return seen_threads_.count(next.thread) == 0;
    }
    return seen_processes_.count(next.process) == 0 && best_link(next.process, std::nullopt);
  }

  // Of those who could end the wait: one of the tree before an outsider, another process before
  // the waiter itself, and the oldest, since ends leak from old to young.
  std::optional<Hope> likeliest(const ThreadNode& node, const Way& way) const {
    std::optional<Hope> best;
    std::tuple<bool, bool, bool, std::uint64_t> best_rank;
    for (const Hope& hope : way.hopes) {
      if (hope.process == 0) {
        continue;
      }
      const ProcessFact* process = graph_.snapshot().process(hope.process);
      std::tuple<bool, bool, bool, std::uint64_t> rank = {
          hope.process == node.process && hope.kind != HopeKind::kThread,
          hope.process == graph_.snapshot().observer, process == nullptr || !process->inside,
          process == nullptr ? 0 : process->started};
      if (!best || rank < best_rank) {
        best = hope;
        best_rank = rank;
      }
    }
    return best;
  }

  // The root's own input comes from outside: it explains less than what its children do.
  int score_of(const ThreadNode& node, const Way& way, const std::optional<Hope>& next) const {
    const ProcessFact* far = next ? graph_.snapshot().process(next->process) : nullptr;
    const bool from_outside = way.cause == Cause::kStdinOpen &&
                              node.process == graph_.snapshot().root &&
                              (far == nullptr || !far->inside);
    if (!from_outside) {
      return way.score;
    }
    int child_score = 0;
    for (size_t other : graph_.nodes_of(node.process)) {
      for (const Way& candidate : graph_.nodes()[other].ways) {
        child_score = std::max(child_score, candidate.cause == Cause::kChild ? candidate.score : 0);
      }
    }
    return child_score > 0 ? child_score - 1 : way.score;
  }

  int best_score(int process) const {
    int best = 0;
    for (size_t node : graph_.nodes_of(process)) {
      for (const Way& way : graph_.nodes()[node].ways) {
        best = std::max(best, way.score);
      }
    }
    return best;
  }

  std::optional<Link> best_link(int process, std::optional<int> thread) const {
    std::optional<Link> best;
    std::tuple<int, bool, int, std::uint64_t> best_rank;
    for (size_t i : graph_.nodes_of(process)) {
      const ThreadNode& node = graph_.nodes()[i];
      if (!graph_.stuck(i, view_) || (thread && node.thread != *thread)) {
        continue;
      }
      for (const Way& way : node.ways) {
        std::optional<Hope> next = likeliest(node, way);
        const ProcessFact* far = next ? graph_.snapshot().process(next->process) : nullptr;
        const bool unseen = next && seen_processes_.count(next->process) == 0;
        // Among children alike: one with something to tell, and the youngest.
        std::tuple<int, bool, int, std::uint64_t> rank = {score_of(node, way, next), unseen,
                                                          unseen ? best_score(next->process) : 0,
                                                          far == nullptr ? 0 : far->started};
        if (!best || rank > best_rank) {
          best = Link{i, way, next};
          best_rank = rank;
        }
      }
    }
    return best;
  }

  // A wait that tells nothing by itself: for a signal, for nothing known, or for the very
  // connection through which we came here (both sides listen).
  static bool passive(const Link& link, const Link& before) {
    const Way& way = link.way;
    if (way.cause == Cause::kSignalWait || way.cause == Cause::kUnknown ||
        way.cause == Cause::kTimer) {
      return true;
    }
    const bool same_channel = way.channel != 0 && way.channel == before.way.channel;
    if (same_channel && way.cause != Cause::kStdinOpen) {
      return true;
    }
    // A server that serves nobody: the client that waits for it is the news.
    return way.cause == Cause::kAccept && before.way.cause == Cause::kSocketReply;
  }

  static size_t named_link(const Chain& chain) {
    size_t named = chain.links.empty() ? 0 : chain.links.size() - 1;
    while (named > 0 && passive(chain.links[named], chain.links[named - 1])) {
      --named;
    }
    return named;
  }

  const WaitGraph& graph_;
  View view_;
  std::set<int> seen_processes_;
  std::set<int> seen_threads_;
};

}  // namespace

Chain follow(const WaitGraph& graph, int start, View view) {
  return Follower(graph, view).run(start);
}

}  // namespace relapse::diagnose
