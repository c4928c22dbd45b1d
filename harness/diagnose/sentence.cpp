#include "diagnose/sentence.h"

#include <fmt/format.h>

#include <algorithm>

namespace relapse::diagnose {

using model::Cause;
using model::Diagnosis;

namespace {

constexpr size_t kMostNodes = 12;
constexpr size_t kMostDescriptors = 6;

std::string seconds(double ms) {
  return fmt::format("{:.1f} s", ms / 1e3);
}

const ThreadFact* thread_of(const Snapshot& snapshot, const ThreadNode& node) {
  const ProcessFact* process = snapshot.process(node.process);
  for (const ThreadFact& thread : process->threads) {
    if (thread.tid == node.thread) {
      return &thread;
    }
  }
  return nullptr;
}

const InputHistory* input_of(const WaitGraph& graph, int process, int fd) {
  auto found = graph.history().inputs.find({process, fd});
  return found == graph.history().inputs.end() ? nullptr : &found->second;
}

// "which wrote 0 bytes and never closed it", as far as it is known.
std::string what_holder_did(const InputHistory* input, std::optional<std::uint64_t> bytes) {
  if (bytes) {
    return fmt::format("which wrote {} bytes and never closed it", *bytes);
  }
  if (input == nullptr) {
    return "which keeps it open";
  }
  if (input->touched) {
    return "which wrote to it and never closed it";
  }
  return fmt::format("which wrote nothing for {} and has not closed it",
                     seconds(input->watched_ms));
}

// What the peer wrote to this input: seen in the queue; none, because nothing came by from the
// start; or none, because the peer never wrote anything anywhere (a pipe is only written by calls
// that are counted; a socket may be sent to).
std::optional<std::uint64_t> known_bytes(const ProcessFact& waiter, const Link& link,
                                         const ProcessFact* peer, const InputHistory* input) {
  const os::FdFact* fd = link.way.input ? waiter.fd(link.way.fd) : nullptr;
  if (fd == nullptr) {
    return std::nullopt;
  }
  if (input != nullptr && (input->bytes.value_or(0) > 0 || input->from_the_start)) {
    return input->bytes;
  }
  const bool silent_pipe = fd->kind == os::FdKind::kPipe && peer != nullptr &&
                           peer->host_pid != waiter.host_pid && peer->io &&
                           peer->io->written_bytes == 0;
  return silent_pipe ? std::optional<std::uint64_t>(0) : std::nullopt;
}

struct Parts {
  std::string who;     // the waiter
  std::string object;  // what it waits for
  std::string peer;    // who could end it; empty when nobody is known
  std::string peer_fd;
  int peer_thread = 0;  // as the process counts, where one thread alone could end it
};

std::string held_by(const Parts& parts) {
  if (parts.peer.empty()) {
    return "nobody is seen to hold the other end";
  }
  return fmt::format("the other end is {}{}", parts.peer_fd.empty() ? "held by " : parts.peer_fd,
                     parts.peer_fd.empty() ? parts.peer : " of " + parts.peer);
}

std::string input_sentence(const Parts& p, const Link& link, const InputHistory* input,
                           std::optional<std::uint64_t> bytes) {
  const std::string did = what_holder_did(input, bytes);
  return fmt::format("{} waits for input on fd {}; {}, {}", p.who, link.way.fd, held_by(p),
                     p.peer.empty() ? "and nothing was written" : did);
}

std::string futex_sentence(const Parts& p, const Link& link) {
  if (link.next && link.next->kind == HopeKind::kThread) {
    return fmt::format(
        "a thread of {} waits for {} of thread {} of the same process, which waits too", p.who,
        link.way.object, p.peer_thread);
  }
  return fmt::format("{} waits for a lock or a condition that nobody releases", p.who);
}

std::string orphan_sentence(const Parts& p) {
  return fmt::format(
      "{} waits for the end of an output; its own child is gone, but {} still "
      "holds {} open",
      p.who, p.peer, p.peer_fd.empty() ? "it" : "it as " + p.peer_fd);
}

std::string sentence_of(const Parts& p, const Link& link, const InputHistory* input,
                        std::optional<std::uint64_t> bytes) {
  const std::string peer = p.peer.empty() ? "nobody" : p.peer;
  switch (link.way.cause) {
    case Cause::kStdinOpen:
    case Cause::kPipeEmpty:
      return input_sentence(p, link, input, bytes);
    case Cause::kWriteEndLeaked:
      return fmt::format("{} waits for the end of {}, but holds the only write end itself", p.who,
                         p.object);
    case Cause::kPipeFull:
      return fmt::format("{} writes to {}, which is full; {} has the other end and does not read",
                         p.who, p.object, peer);
    case Cause::kFifoOpen:
      return fmt::format("{} opens the FIFO {}, and nobody opens its other end", p.who, p.object);
    case Cause::kSocketReply:
      return fmt::format("{} waits for a reply on {} from {}{}", p.who, p.object,
                         link.way.far_name.empty() ? "the other end" : link.way.far_name,
                         p.peer.empty() ? ", which does not come"
                                        : fmt::format(" ({}), which does not come", p.peer));
    case Cause::kAccept:
      return fmt::format("{} listens on {}, and nobody connects", p.who, link.way.far_name);
    case Cause::kChild:
      return fmt::format("{} waits for {}, which does not end", p.who, peer);
    case Cause::kOrphanHoldsOutput:
      return orphan_sentence(p);
    case Cause::kFutex:
      return futex_sentence(p, link);
    case Cause::kFileLock:
      return fmt::format("{} waits for a lock on {}, which {} holds", p.who, p.object, peer);
    case Cause::kStopped:
      return fmt::format("{} is stopped{}", p.who,
                         p.peer.empty() ? " (SIGSTOP or a frozen group), and nobody lets it go on"
                                        : " by its debugger " + p.peer);
    case Cause::kSignalWait:
      return fmt::format("{} waits for a signal, and nobody sends one", p.who);
    case Cause::kTerminal:
      return fmt::format("{} waits for its terminal, {}; {} has its other side", p.who, p.object,
                         peer);
    default:
      return fmt::format("{} waits for something that cannot be told", p.who);
  }
}

std::string describe_interest(const ProcessFact& process, const Interest& interest) {
  const os::FdFact* fd = process.fd(interest.fd);
  return fmt::format("{}{}", fd == nullptr ? fmt::format("fd {}", interest.fd) : describe(*fd),
                     interest.output && !interest.input ? " for room" : "");
}

bool tells_nothing(const ProcessFact& process, const Interest& interest) {
  const os::FdFact* fd = process.fd(interest.fd);
  return fd == nullptr || fd->kind == os::FdKind::kEventFd;
}

std::string state_word(const ProcessFact& process, bool stuck) {
  if (process.zombie) {
    return "zombie";
  }
  for (const ThreadFact& thread : process.threads) {
    if (thread.wait.kind == WaitKind::kStopped || thread.wait.kind == WaitKind::kTraced) {
      return "stopped";
    }
  }
  if (stuck) {
    return "waits";
  }
  for (const ThreadFact& thread : process.threads) {
    if (thread.wait.kind == WaitKind::kDisk) {
      return "disk";
    }
  }
  return std::any_of(process.threads.begin(), process.threads.end(),
                     [](const ThreadFact& t) { return t.wait.kind == WaitKind::kRuns; })
             ? "runs"
             : "waits";
}

const ThreadFact* telling_thread(const WaitGraph& graph, const ProcessFact& process) {
  const ThreadFact* best = nullptr;
  int best_score = -1;
  for (size_t i : graph.nodes_of(process.host_pid)) {
    const ThreadNode& node = graph.nodes()[i];
    for (const Way& way : node.ways) {
      if (way.score > best_score) {
        best_score = way.score;
        best = thread_of(graph.snapshot(), node);
      }
    }
  }
  return best;
}

void add_node(const WaitGraph& graph, const ProcessFact& process, Diagnosis& into) {
  const bool known = std::any_of(into.nodes.begin(), into.nodes.end(), [&](const auto& node) {
    return node.process.host_pid == process.host_pid;
  });
  if (known || into.nodes.size() >= kMostNodes) {
    return;
  }
  model::WaitNode node;
  node.process = ref_of(process);
  node.threads = static_cast<int>(process.threads.size());
  node.state = state_word(process, graph.process_stuck(process.host_pid, View::kPatient));
  if (const ThreadFact* thread = telling_thread(graph, process)) {
    node.activity = activity_of(process, *thread);
  }
  into.nodes.push_back(std::move(node));
}

void add_quiet(const WaitGraph& graph, const ProcessFact& process, Diagnosis& into) {
  const ProcessHistory& history = graph.history().process(process.host_pid);
  into.evidence.push_back(
      fmt::format("{}: no output, no bytes, no child and {:.1f} % of a processor for {}{}",
                  name_of(process), history.cpu_share * 100, seconds(history.quiet_ms),
                  history.last_effect.empty() ? "" : "; before that it " + history.last_effect));
}

// Of a lock among threads the others' doings say nothing.
void add_still_thread(const WaitGraph& graph, const ThreadNode& node, const ProcessFact& process,
                      Diagnosis& into) {
  const ThreadFact* thread = thread_of(graph.snapshot(), node);
  into.evidence.push_back(fmt::format("{}: its thread {} has not run for {}", name_of(process),
                                      thread == nullptr ? 0 : thread->inner_tid,
                                      seconds(graph.history().thread(node.thread).still_ms)));
}

void add_threads(const WaitGraph& graph, const ProcessFact& process, Diagnosis& into) {
  const ThreadFact* telling = telling_thread(graph, process);
  if (telling == nullptr) {
    return;
  }
  const bool main = telling->main(process.host_pid);
  into.evidence.push_back(
      fmt::format("{}: {} {}", name_of(process),
                  main ? "main thread in" : fmt::format("thread {} in", telling->inner_tid),
                  activity_of(process, *telling)));
  const auto others = process.threads.size() - 1;
  const auto idle =
      std::count_if(process.threads.begin(), process.threads.end(), [&](const ThreadFact& thread) {
        return &thread != telling && thread.wait.kind == WaitKind::kFutex;
      });
  if (others > 0) {
    into.evidence.push_back(fmt::format("{}: {} of its {} other threads idle in futex",
                                        name_of(process), idle, others));
  }
}

void add_input(const WaitGraph& graph, const Chain& chain, Diagnosis& into) {
  const Link& end = chain.end();
  const InputHistory* input =
      end.way.input ? input_of(graph, graph.nodes()[end.node].process, end.way.fd) : nullptr;
  if (input == nullptr) {
    return;
  }
  std::string line =
      fmt::format("fd {} was watched for {}{}: ", end.way.fd, seconds(input->watched_ms),
                  input->from_the_start ? ", since the process began" : "");
  if (input->bytes.value_or(0) > 0) {
    line += fmt::format("{} bytes were seen in it", *input->bytes);
  } else {
    line += input->touched ? "it was written to or read" : "nothing was written to it or read";
  }
  into.evidence.push_back(line);
}

}  // namespace

model::ProcessRef ref_of(const ProcessFact& process) {
  return {process.pid, process.host_pid, process.role.empty() ? process.name : process.role,
          process.command_line};
}

std::string name_of(const ProcessFact& process) {
  return process.role.empty()
             ? fmt::format("{} (pid {})", process.name, process.pid)
             : fmt::format("{} ({}, pid {})", process.role, process.name, process.pid);
}

std::string activity_of(const ProcessFact& process, const ThreadFact& thread) {
  const Wait& wait = thread.wait;
  std::string text = wait.call.empty() ? "no system call" : wait.call;
  switch (wait.kind) {
    case WaitKind::kRuns:
      return "running";
    case WaitKind::kDisk:
      return "uninterruptible sleep" + (wait.call.empty() ? "" : " in " + wait.call);
    case WaitKind::kStopped:
    case WaitKind::kTraced:
      return "stopped";
    case WaitKind::kFifoOpen:
      return fmt::format("{} of {}", text, wait.path);
    default:
      break;
  }
  std::vector<std::string> watched;
  size_t left_out = 0;
  for (const Interest& interest : interests_of(process, wait)) {
    if (wait.kind == WaitKind::kEvents && tells_nothing(process, interest)) {
      continue;
    }
    if (watched.size() < kMostDescriptors) {
      watched.push_back(describe_interest(process, interest));
    } else {
      ++left_out;
    }
  }
  if (!watched.empty()) {
    text += fmt::format(" on {}", fmt::join(watched, ", "));
  }
  if (left_out > 0) {
    text += fmt::format(" and {} more", left_out);
  }
  if (wait.timeout_ms) {
    text += ", timeout " + seconds(*wait.timeout_ms);
  } else if (wait.kind == WaitKind::kEvents) {
    text += ", no timeout";
  }
  return text;
}

void tell_cause(const WaitGraph& graph, const Chain& chain, Diagnosis& into) {
  const Snapshot& snapshot = graph.snapshot();
  const Link& link = chain.end();
  const ThreadNode& node = graph.nodes()[link.node];
  const ProcessFact& waiter = *snapshot.process(node.process);
  const ProcessFact* peer = link.next ? snapshot.process(link.next->process) : nullptr;
  const InputHistory* input =
      link.way.input ? input_of(graph, waiter.host_pid, link.way.fd) : nullptr;
  into.cause = link.way.cause;
  into.process = ref_of(waiter);
  if (link.way.fd >= 0) {
    into.fd = link.way.fd;
  }
  Parts parts;
  parts.who = name_of(waiter);
  parts.object = link.way.object;
  if (peer != nullptr) {
    into.peer = ref_of(*peer);
    parts.peer = name_of(*peer);
    for (const ThreadFact& thread : peer->threads) {
      parts.peer_thread = thread.tid == link.next->thread ? thread.inner_tid : parts.peer_thread;
    }
    if (link.next->fd >= 0) {
      into.peer_fd = link.next->fd;
      parts.peer_fd = fmt::format("fd {}", link.next->fd);
    }
  } else if (!link.way.far_name.empty() && link.way.cause == Cause::kSocketReply) {
    into.peer = model::ProcessRef{0, 0, link.way.far_name, ""};
  }
  into.peer_wrote_bytes = known_bytes(waiter, link, peer, input);
  into.sentence = sentence_of(parts, link, input, into.peer_wrote_bytes);
}

void tell_evidence(const WaitGraph& graph, const Chain& chain, Diagnosis& into) {
  const Snapshot& snapshot = graph.snapshot();
  const ProcessFact& last = *snapshot.process(graph.nodes()[chain.links.back().node].process);
  const ProcessFact& named = *snapshot.process(graph.nodes()[chain.end().node].process);
  const Link& end = chain.links.back();
  if (end.next && end.next->kind == HopeKind::kThread) {
    add_still_thread(graph, graph.nodes()[end.node], last, into);
  } else {
    add_quiet(graph, last, into);
  }
  add_threads(graph, last, into);
  if (named.host_pid != last.host_pid) {
    add_threads(graph, named, into);
  }
  add_input(graph, chain, into);
  for (const Link& link : chain.links) {
    const ProcessFact& from = *snapshot.process(graph.nodes()[link.node].process);
    add_node(graph, from, into);
    model::WaitEdge edge;
    edge.from_pid = from.pid;
    edge.cause = link.way.cause;
    edge.object = link.way.object;
    if (const ProcessFact* to = link.next ? snapshot.process(link.next->process) : nullptr) {
      edge.to_pid = to->pid;
      if (link.next->fd >= 0) {
        edge.object += fmt::format(" = fd {} of {}", link.next->fd, name_of(*to));
      }
      add_node(graph, *to, into);
    }
    const ThreadFact* thread = thread_of(snapshot, graph.nodes()[link.node]);
    edge.may_time_out = thread != nullptr && thread->wait.timeout_ms.has_value();
    into.edges.push_back(std::move(edge));
    if (&link != &chain.links.back()) {
      into.evidence.push_back(fmt::format("{} waits for {}", name_of(from), link.way.object));
    }
  }
}

}  // namespace relapse::diagnose
