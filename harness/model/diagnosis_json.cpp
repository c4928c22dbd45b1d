#include "model/diagnosis_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "model/fields.h"

namespace relapse::model {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::uint64_t kLargestInt = std::numeric_limits<int>::max();

// Reads a word of an enumeration whose first value is 0 and whose last is `last`.
template <typename Enum>
Enum read_word(Fields& fields, const char* name, Enum last) {
  const std::string word = fields.stated_text(name);
  std::vector<std::string> known;
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    known.emplace_back(to_word(static_cast<Enum>(i)));
    if (known.back() == word) {
      return static_cast<Enum>(i);
    }
  }
  fields.fail(name, fmt::format("'{}' cannot be '{}'", name, word),
              fmt::format("one of {}", fmt::join(known, ", ")));
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

int small_number(Fields& fields, const char* name) {
  return static_cast<int>(fields.stated_count(name, 0, kLargestInt));
}

void read_process(Fields& fields, ProcessRef& out) {
  out.pid = small_number(fields, "pid");
  out.host_pid = small_number(fields, "host_pid");
  out.name = fields.stated_text("name");
  out.detail = fields.text("detail");
}

// One side of the wait, null where nobody is known; `wrote_bytes` as far as the side has any.
void read_party(Fields& parent, const char* name, std::optional<ProcessRef>& process,
                std::optional<int>& fd, std::optional<std::uint64_t>* wrote_bytes) {
  if (!parent.given(name)) {
    return;
  }
  Fields fields(*parent.child(name), parent.place(name));
  read_process(fields, process.emplace());
  if (fields.given("fd")) {
    fd = small_number(fields, "fd");
  }
  if (wrote_bytes != nullptr && fields.given("wrote_bytes")) {
    *wrote_bytes = fields.stated_count("wrote_bytes", 0, UINT64_MAX);
  }
  if (auto done = fields.finish_open(); !done) {
    parent.fail(done.error());
  }
}

Result<> read_node(const json& object, const std::string& pointer, WaitNode& out) {
  Fields fields(object, pointer);
  read_process(fields, out.process);
  out.threads = small_number(fields, "threads");
  out.state = fields.stated_text("state");
  out.activity = fields.stated_text("activity");
  return fields.finish_open();
}

Result<> read_edge(const json& object, const std::string& pointer, WaitEdge& out) {
  Fields fields(object, pointer);
  out.from_pid = small_number(fields, "from_pid");
  if (fields.given("to_pid")) {
    out.to_pid = small_number(fields, "to_pid");
  }
  out.object = fields.stated_text("object");
  out.cause = read_word(fields, "cause", Cause::kUnknown);
  out.may_time_out = fields.stated_flag("may_time_out");
  return fields.finish_open();
}

Result<> read_graph(const json& object, const std::string& pointer, Diagnosis& out) {
  Fields fields(object, pointer);
  fields.require("nodes");
  each_element(fields, "nodes", [&out](const json& node, const std::string& at) {
    return read_node(node, at, out.nodes.emplace_back());
  });
  fields.require("edges");
  each_element(fields, "edges", [&out](const json& edge, const std::string& at) {
    return read_edge(edge, at, out.edges.emplace_back());
  });
  return fields.finish_open();
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

Result<> read_diagnosis(const json& object, const std::string& pointer, Diagnosis& out) {
  Fields fields(object, pointer);
  out.verdict = read_word(fields, "verdict", Movement::kUndecided);
  out.proof = read_word(fields, "proof", Proof::kEvidence);
  out.cause = read_word(fields, "cause", Cause::kUnknown);
  read_party(fields, "process", out.process, out.fd, nullptr);
  read_party(fields, "peer", out.peer, out.peer_fd, &out.peer_wrote_bytes);
  out.sentence = fields.stated_text("sentence");
  out.evidence = fields.list("evidence");
  fields.require("graph");
  if (const json* graph = fields.object("graph")) {
    if (auto done = read_graph(*graph, fields.place("graph"), out); !done) {
      fields.fail(done.error());
    }
  }
  out.quiet_ms = fields.stated_amount("quiet_ms");
  out.analysis_ms = fields.stated_amount("analysis_ms");
  return fields.finish_open();
}

Result<> read_stall(const json& object, const std::string& pointer, Stall& out) {
  Fields fields(object, pointer);
  out.began_ms = fields.stated_amount("began_ms");
  out.duration_ms = fields.stated_amount("duration_ms");
  out.cause = read_word(fields, "cause", Cause::kUnknown);
  out.sentence = fields.stated_text("sentence");
  return fields.finish_open();
}

}  // namespace relapse::model
