#include "wanted/yaml_lines.h"

#include <fmt/format.h>

namespace relapse::env {

model::Result<YAML::Node> parse_yaml(const std::string& text, const std::string& file) {
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& e) {
    return model::Error{model::ErrorKind::kScenario, fmt::format("not YAML: {}", e.msg), "", file,
                        e.mark.line + 1};
  }
}

int line_of_node(const YAML::Node& node) {
  return node.IsDefined() && node.Mark().line >= 0 ? node.Mark().line + 1 : 0;
}

int first_line_of(const YAML::Node& scalar, std::string_view text) {
  const YAML::Mark mark = scalar.Mark();
  const bool block =
      mark.pos >= 0 && static_cast<size_t>(mark.pos) < text.size() &&
      (text[static_cast<size_t>(mark.pos)] == '|' || text[static_cast<size_t>(mark.pos)] == '>');
  return line_of_node(scalar) + (block ? 1 : 0);
}

namespace {

constexpr int kDeepest = 64;

void visit_node(
    const YAML::Node& node, std::vector<std::string>& path, int depth,
    const std::function<void(const std::vector<std::string>&, const YAML::Node&)>& visit) {
  if (depth > kDeepest) {
    return;
  }
  if (node.IsScalar()) {
    visit(path, node);
  } else if (node.IsSequence()) {
    for (const auto& item : node) {
      visit_node(item, path, depth + 1, visit);
    }
  } else if (node.IsMap()) {
    for (const auto& item : node) {
      path.push_back(text_of(item.first));
      visit_node(item.second, path, depth + 1, visit);
      path.pop_back();
    }
  }
}

}  // namespace

void each_scalar(
    const YAML::Node& root,
    const std::function<void(const std::vector<std::string>&, const YAML::Node&)>& visit) {
  std::vector<std::string> path;
  visit_node(root, path, 0, visit);
}

std::string text_of(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : "";
}

}  // namespace relapse::env
