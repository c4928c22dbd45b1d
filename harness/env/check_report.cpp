// How a check is told: as a table for people, as JSON for programs.

#include <fmt/format.h>

#include <algorithm>

#include "env/check_judge.h"

namespace relapse::env {

namespace {

std::string shown(const CheckRow& row) {
  if (row.state != RowState::kFail) {
    return std::string(to_word(row.state));
  }
  return row.reason.find("does not notice") != std::string::npos ? "FAIL (silent)" : "FAIL";
}

struct Widths {
  size_t name = 0, wanted = 0, supply = 0, without = 0;
};

std::string line_of(const CheckRow& row, const Widths& widths) {
  const std::string wanted = row.wanted.empty() ? "" : "wanted by " + row.wanted;
  const std::string without = row.without.empty() ? "" : "without it: " + row.without;
  return fmt::format("  {:<{}}  {:<{}}  {:<{}}  {:<{}}  {}\n", row.name, widths.name, wanted,
                     widths.wanted, row.supply, widths.supply, without, widths.without, shown(row));
}

}  // namespace

std::string_view to_word(RowState state) {
  switch (state) {
    case RowState::kFail:
      return "fail";
    case RowState::kInconclusive:
      return "inconclusive";
    case RowState::kWarning:
      return "warning";
    case RowState::kOptional:
      return "optional";
    case RowState::kOk:
      return "ok";
  }
  return "";
}

std::string to_table(const CheckReport& report) {
  Widths widths;
  for (const auto& row : report.rows) {
    widths.name = std::max(widths.name, row.name.size());
    widths.wanted =
        std::max(widths.wanted, row.wanted.empty() ? 0 : row.wanted.size() + sizeof("wanted by"));
    widths.supply = std::max(widths.supply, row.supply.size());
    widths.without = std::max(widths.without,
                              row.without.empty() ? 0 : row.without.size() + sizeof("without it:"));
  }
  std::string text;
  for (const auto& row : report.rows) {
    text += line_of(row, widths);
    if (!row.reason.empty()) {
      text += "       " + row.reason + "\n";
    }
    for (const auto& note : row.notes) {
      text += "       " + note + "\n";
    }
  }
  for (const auto& note : report.notes) {
    text += "  note: " + note + "\n";
  }
  text += report.problems == 0
              ? fmt::format("  {}", model::to_word(report.verdict))
              : fmt::format("  {} problem{}", report.problems, report.problems == 1 ? "" : "s");
  text += report.remedies.empty() ? "\n" : fmt::format(": {}\n", fmt::join(report.remedies, "; "));
  return text;
}

namespace {

// Texts of builds and pages: nothing of them is to be taken for Markdown.
std::string cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool special = std::string_view("|`<*_[\\").find(c) != std::string_view::npos;
    out += special ? "\\" : "";
    out += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return out;
}

}  // namespace

std::string to_markdown(const CheckReport& report) {
  std::string out = fmt::format(
      "# Environment variables: {}\n\n"
      "| name | wanted by | supply | without it | |\n|---|---|---|---|---|\n",
      model::to_word(report.verdict));
  for (const auto& row : report.rows) {
    out += fmt::format("| {} | {} | {} | {} | {} |\n", cell(row.name), cell(row.wanted),
                       cell(row.supply), cell(row.without), cell(shown(row)));
  }
  for (const auto& row : report.rows) {
    out += row.reason.empty() ? "" : fmt::format("\n- {}: {}", cell(row.name), cell(row.reason));
    for (const auto& note : row.notes) {
      out += fmt::format("\n  - {}", cell(note));
    }
  }
  out += "\n";
  for (const auto& remedy : report.remedies) {
    out += fmt::format("\nRemedy: {}\n", cell(remedy));
  }
  for (const auto& note : report.notes) {
    out += fmt::format("\n> {}\n", cell(note));
  }
  return out;
}

nlohmann::ordered_json to_json(const CheckReport& report) {
  nlohmann::ordered_json out;
  out["verdict"] = model::to_word(report.verdict);
  out["problems"] = report.problems;
  out["names"] = nlohmann::ordered_json::array();
  for (const auto& row : report.rows) {
    out["names"].push_back({{"name", row.name},
                            {"state", to_word(row.state)},
                            {"wanted", row.wanted},
                            {"supply", row.supply},
                            {"without", row.without},
                            {"reason", row.reason},
                            {"notes", row.notes}});
  }
  out["remedies"] = report.remedies;
  out["notes"] = report.notes;
  return out;
}

}  // namespace relapse::env
