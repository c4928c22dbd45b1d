#include "model/diagnosis_json.h"

#include <fmt/format.h>

#include "model/record.h"

namespace relapse::model {

namespace {

using nlohmann::ordered_json;

// Reads a word of an enumeration whose first value is 0 and whose last is `last`.
template <typename Enum>
Enum read_word(const JsonReader& in, std::string_view key, Enum last) {
  const std::string word = in.text(key);
  std::string known;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    if (to_word(value) == word) {
      return value;
    }
    known += fmt::format("{}{}", known.empty() ? "" : ", ", to_word(value));
  }
  in.fail(key, fmt::format("'{}' is no word for it", word), "one of " + known);
  return Enum{};
}

ordered_json process_json(const ProcessRef& process) {
  ordered_json out = {{"pid", process.pid}, {"host_pid", process.host_pid}, {"name", process.name}};
  if (!process.detail.empty()) {
    out["detail"] = process.detail;
  }
  return out;
}

// Null where nobody is known: what hangs on the process (descriptor, bytes) goes with it.
ordered_json party_json(const std::optional<ProcessRef>& process, std::optional<int> fd,
                        std::optional<std::uint64_t> wrote_bytes) {
  if (!process) {
    return nullptr;
  }
  ordered_json out = process_json(*process);
  if (fd) {
    out["fd"] = *fd;
  }
  if (wrote_bytes) {
    out["wrote_bytes"] = *wrote_bytes;
  }
  return out;
}

ordered_json node_json(const WaitNode& node) {
  ordered_json out = process_json(node.process);
  out["threads"] = node.threads;
  out["state"] = node.state;
  out["activity"] = node.activity;
  return out;
}

ordered_json edge_json(const WaitEdge& edge) {
  return {{"from_pid", edge.from_pid},
          {"to_pid", edge.to_pid ? ordered_json(*edge.to_pid) : ordered_json(nullptr)},
          {"object", edge.object},
          {"cause", to_word(edge.cause)},
          {"may_time_out", edge.may_time_out}};
}

ProcessRef read_process(const JsonReader& in) {
  ProcessRef process;
  process.pid = in.integer<int>("pid");
  process.host_pid = in.integer<int>("host_pid");
  process.name = in.text("name");
  process.detail = in.text_or_empty("detail");
  return process;
}

WaitNode read_node(const JsonReader& in) {
  WaitNode node;
  node.process = read_process(in);
  node.threads = in.integer<int>("threads", 0);
  node.state = in.text("state");
  node.activity = in.text("activity");
  return node;
}

WaitEdge read_edge(const JsonReader& in) {
  WaitEdge edge;
  edge.from_pid = in.integer<int>("from_pid");
  edge.to_pid = in.integer_or_none<int>("to_pid");
  edge.object = in.text("object");
  edge.cause = read_cause(in, "cause");
  edge.may_time_out = in.flag("may_time_out");
  return edge;
}

}  // namespace

ordered_json to_json(const Diagnosis& diagnosis) {
  ordered_json nodes = ordered_json::array();
  for (const WaitNode& node : diagnosis.nodes) {
    nodes.push_back(node_json(node));
  }
  ordered_json edges = ordered_json::array();
  for (const WaitEdge& edge : diagnosis.edges) {
    edges.push_back(edge_json(edge));
  }
  ordered_json out;
  out["verdict"] = to_word(diagnosis.verdict);
  out["proof"] = to_word(diagnosis.proof);
  out["cause"] = to_word(diagnosis.cause);
  out["process"] = party_json(diagnosis.process, diagnosis.fd, std::nullopt);
  out["peer"] = party_json(diagnosis.peer, diagnosis.peer_fd, diagnosis.peer_wrote_bytes);
  out["sentence"] = diagnosis.sentence;
  out["evidence"] = diagnosis.evidence;
  out["graph"]["nodes"] = std::move(nodes);
  out["graph"]["edges"] = std::move(edges);
  out["quiet_ms"] = diagnosis.quiet_ms;
  out["analysis_ms"] = diagnosis.analysis_ms;
  return out;
}

Cause read_cause(const JsonReader& in, std::string_view key) {
  return read_word(in, key, Cause::kUnknown);
}

Diagnosis read_diagnosis(const JsonReader& in) {
  Diagnosis out;
  out.verdict = read_word(in, "verdict", Movement::kUndecided);
  out.proof = read_word(in, "proof", Proof::kEvidence);
  out.cause = read_cause(in, "cause");
  if (const auto process = in.object_or_none("process")) {
    out.process = read_process(*process);
    out.fd = process->integer_or_none<int>("fd");
  }
  if (const auto peer = in.object_or_none("peer")) {
    out.peer = read_process(*peer);
    out.peer_fd = peer->integer_or_none<int>("fd");
    out.peer_wrote_bytes = peer->integer_or_none<std::uint64_t>("wrote_bytes");
  }
  out.sentence = in.text("sentence");
  out.evidence = in.texts_or_none("evidence");
  const JsonReader graph = in.object("graph");
  for (const JsonReader& node : graph.objects("nodes")) {
    out.nodes.push_back(read_node(node));
  }
  for (const JsonReader& edge : graph.objects("edges")) {
    out.edges.push_back(read_edge(edge));
  }
  out.quiet_ms = in.amount("quiet_ms");
  out.analysis_ms = in.amount("analysis_ms");
  return out;
}

Stall read_stall(const JsonReader& in) {
  Stall stall;
  stall.began_ms = in.amount("began_ms");
  stall.duration_ms = in.amount("duration_ms");
  stall.cause = read_cause(in, "cause");
  stall.sentence = in.text("sentence");
  return stall;
}

}  // namespace relapse::model
