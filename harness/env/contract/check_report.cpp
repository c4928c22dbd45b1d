#include "contract/check_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "contract/check_words.h"

namespace relapse::env {

namespace {

// The columns of a row.
struct Line {
  std::string name, wanted, supply, without, state;
};

Line line_of(const CheckRow& row, const CheckReport& report) {
  const std::string wanted = wanted_words(row);
  const std::string without = without_words(row);
  return {row.name, wanted.empty() ? "" : "wanted by " + wanted,
          supply_words(row, report.deploy_file), without.empty() ? "" : "without it: " + without,
          state_words(row)};
}

std::vector<std::string> lines_below(const CheckRow& row) {
  std::vector<std::string> lines = notes_of(row);
  if (const std::string reason = reason_of(row); !reason.empty()) {
    lines.insert(lines.begin(), reason);
  }
  for (const auto& picture : pictures_of(row)) {
    lines.push_back(fmt::format("picture, {}: {}", picture.of, picture.file));
  }
  return lines;
}

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

std::string to_table(const CheckReport& report) {
  Line widest;
  std::vector<Line> lines;
  const auto widen = [](std::string& widest, const std::string& text) {
    widest.resize(std::max(widest.size(), text.size()));
  };
  for (const auto& row : report.rows) {
    const auto& line = lines.emplace_back(line_of(row, report));
    widen(widest.name, line.name);
    widen(widest.wanted, line.wanted);
    widen(widest.supply, line.supply);
    widen(widest.without, line.without);
  }
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    text += fmt::format("  {:<{}}  {:<{}}  {:<{}}  {:<{}}  {}\n", line.name, widest.name.size(),
                        line.wanted, widest.wanted.size(), line.supply, widest.supply.size(),
                        line.without, widest.without.size(), line.state);
    for (const auto& below : lines_below(report.rows[i])) {
      text += "       " + below + "\n";
    }
  }
  for (const auto& note : notes_of(report)) {
    text += "  note: " + note + "\n";
  }
  const auto remedies = remedies_of(report);
  text += report.problems == 0
              ? fmt::format("  {}", model::to_word(report.verdict))
              : fmt::format("  {} problem{}", report.problems, report.problems == 1 ? "" : "s");
  text += remedies.empty() ? "\n" : fmt::format(": {}\n", fmt::join(remedies, "; "));
  return text;
}

std::string to_markdown(const CheckReport& report) {
  std::string out = fmt::format(
      "# Environment variables: {}\n\n"
      "| name | wanted by | supply | without it | |\n|---|---|---|---|---|\n",
      model::to_word(report.verdict));
  for (const auto& row : report.rows) {
    out += fmt::format("| {} | {} | {} | {} | {} |\n", cell(row.name), cell(wanted_words(row)),
                       cell(supply_words(row, report.deploy_file)), cell(without_words(row)),
                       cell(state_words(row)));
  }
  for (const auto& row : report.rows) {
    const std::string reason = reason_of(row);
    const auto notes = notes_of(row);
    const auto pictures = pictures_of(row);
    if (reason.empty() && notes.empty() && pictures.empty()) {
      continue;
    }
    out += fmt::format("\n- {}{}", cell(row.name), reason.empty() ? "" : ": " + cell(reason));
    for (const auto& note : notes) {
      out += fmt::format("\n  - {}", cell(note));
    }
    for (const auto& picture : pictures) {
      out += fmt::format("\n  - [{}]({})", picture.of, picture.file);
    }
  }
  out += "\n";
  for (const auto& remedy : remedies_of(report)) {
    out += fmt::format("\nRemedy: {}\n", cell(remedy));
  }
  for (const auto& note : notes_of(report)) {
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
    auto problems = nlohmann::ordered_json::array();
    for (const Problem problem : row.problems) {
      problems.push_back(to_word(problem));
    }
    auto pictures = nlohmann::ordered_json::array();
    for (const auto& picture : pictures_of(row)) {
      pictures.push_back({{"of", picture.of}, {"file", picture.file}});
    }
    out["names"].push_back({{"name", row.name},
                            {"state", to_word(row.state)},
                            {"problems", std::move(problems)},
                            {"wanted", wanted_words(row)},
                            {"wanted_source", wanted_source(row)},
                            {"supply", supply_words(row, report.deploy_file)},
                            {"without", without_words(row)},
                            {"reason", reason_of(row)},
                            {"notes", notes_of(row)},
                            {"pictures", std::move(pictures)}});
  }
  out["remedies"] = remedies_of(report);
  out["notes"] = notes_of(report);
  return out;
}

}  // namespace relapse::env
