#include "reports/wait_picture.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "model/utf8.h"
#include "reports/text.h"

namespace relapse::reports {

using model::Diagnosis;
using model::ProcessRef;
using model::WaitEdge;
using model::WaitNode;

namespace {

// Mermaid's own limits (maxEdges, maxTextSize): beyond them it draws an error in place of a graph.
constexpr size_t kMostEdges = 500;
constexpr size_t kMostBytes = 50'000;
// A longer label makes its box wider than a page.
constexpr size_t kLabelWidth = 72;

bool plain(char32_t value) {
  constexpr std::u32string_view kHarmless = U" .,:()=/-_+";
  return value >= 0x80 || (value >= U'0' && value <= U'9') || (value >= U'a' && value <= U'z') ||
         (value >= U'A' && value <= U'Z') || kHarmless.find(value) != std::u32string_view::npos;
}

// Mermaid takes a code point within a label as "#34;".
std::string label(std::string_view text) {
  const std::string shown = fit(visible(text, Lines::kOne), kLabelWidth);
  std::string out;
  for (std::string_view rest = shown; !rest.empty();) {
    const auto point = model::decode_utf8(rest);
    rest.remove_prefix(point.size);
    if (plain(point.value)) {
      model::append_utf8(out, point.value);
    } else {
      out += fmt::format("#{};", static_cast<unsigned>(point.value));
    }
  }
  return out;
}

std::string who(const ProcessRef& process) {
  return fmt::format("{} (pid {})", process.name, process.pid);
}

class Picture {
 public:
  explicit Picture(const Diagnosis& diagnosis) : diagnosis_(&diagnosis) {
    for (const WaitNode& node : diagnosis.nodes) {
      names_.emplace(node.process.pid, who(node.process));
    }
    for (const auto* process : {&diagnosis.process, &diagnosis.peer}) {
      if (*process) {
        names_.emplace((*process)->pid, who(**process));
      }
    }
    for (const WaitEdge& edge : diagnosis.edges) {
      names_.emplace(edge.from_pid, fmt::format("pid {}", edge.from_pid));
      if (edge.to_pid) {
        names_.emplace(*edge.to_pid, fmt::format("pid {}", *edge.to_pid));
      }
    }
  }

  bool empty() const { return diagnosis_->edges.empty(); }

  std::string mermaid() const {
    std::map<int, std::string> labels;
    for (const auto& [pid, name] : names_) {
      labels[pid] = label(name);
    }
    for (const WaitNode& node : diagnosis_->nodes) {
      labels[node.process.pid] += "<br/>" + label(node.state + ": " + node.activity);
    }
    std::string out = "```mermaid\nflowchart LR\n";
    for (const auto& [pid, text] : labels) {
      out += fmt::format("  {}[\"{}\"]\n", id(pid), text);
    }
    bool nobody = false;
    for (const WaitEdge& edge : diagnosis_->edges) {
      nobody = nobody || !edge.to_pid;
      out +=
          fmt::format("  {} {}|\"{}\"| {}\n", id(edge.from_pid), edge.may_time_out ? "-.->" : "-->",
                      label(object(edge)), edge.to_pid ? id(*edge.to_pid) : "nobody");
    }
    return out + (nobody ? "  nobody([\"nobody\"])\n```\n" : "```\n");
  }

  std::string text() const {
    std::string out = "    ";  // an indented block: no line within can end it
    for (const WaitArrow& arrow : arrows()) {
      out += visible(fmt::format("{} waits for {} by {}", arrow.from, arrow.to, arrow.by),
                     Lines::kOne) +
             "\n    ";
    }
    out.resize(out.size() - 4);
    return out;
  }

  std::vector<WaitArrow> arrows() const {
    std::map<int, std::string> doing;
    for (const WaitNode& node : diagnosis_->nodes) {
      auto& text = doing[node.process.pid];
      text += (text.empty() ? "" : "; ") + node.state + ": " + node.activity;
    }
    std::vector<WaitArrow> out;
    for (const WaitEdge& edge : diagnosis_->edges) {
      out.push_back({names_.at(edge.from_pid), doing[edge.from_pid],
                     edge.to_pid ? names_.at(*edge.to_pid) : "nobody", object(edge),
                     edge.may_time_out});
    }
    return out;
  }

 private:
  static std::string object(const WaitEdge& edge) {
    return edge.may_time_out ? edge.object + " (may time out)" : edge.object;
  }

  // Ids are words of ours, whatever the number: a minus sign would end one.
  static std::string id(int pid) { return fmt::format("p{}", static_cast<unsigned>(pid)); }

  const Diagnosis* diagnosis_;
  std::map<int, std::string> names_;
};

}  // namespace

std::vector<WaitArrow> wait_arrows(const Diagnosis& diagnosis) {
  return Picture(diagnosis).arrows();
}

std::string wait_picture(const Diagnosis& diagnosis) {
  const Picture picture(diagnosis);
  if (picture.empty()) {
    return "";
  }
  const std::string drawn = picture.mermaid();
  return diagnosis.edges.size() <= kMostEdges && drawn.size() <= kMostBytes ? drawn
                                                                            : picture.text();
}

}  // namespace relapse::reports
