// Files that say how others are run: workflows and composite actions, package.json's scripts, and
// the examples of .env files.
#include <nlohmann/json.hpp>

#include "model/fields.h"
#include "model/json_lines.h"
#include "wanted/scan_cursor.h"
#include "wanted/scan_finder.h"
#include "wanted/yaml_lines.h"

namespace relapse::env {

namespace {

constexpr LexRules kExpressionRules = {.single_quotes_string = true};

// vars.X, secrets.X, secrets['X'] of one ${{ }}.
void scan_expression(std::string_view text, int line, Finder& finder) {
  const Tokens tokens = lex(text, kExpressionRules, line);
  const TokenView view(tokens);
  for (size_t i = 0; i < view.size(); ++i) {
    for (std::string_view context : {"vars", "secrets"}) {
      if (!view.is(i, context) || view.is(i - 1, ".")) {
        continue;
      }
      const std::string how = "workflow " + std::string(context);
      const Token& next = view.at(i + 2);
      if (view.is(i + 1, ".") && next.kind == TokenKind::kWord) {
        finder.add(next.text, next.line, how, Role::kPassed);
      } else if (view.is(i + 1, "[") && next.kind == TokenKind::kString) {
        finder.add(next.text, next.line, how, Role::kPassed);
      } else if (view.is(i + 1, "[") || !view.is(i + 1, ".")) {
        finder.blind(view.at(i).line, how + ": a name built at run time");
      }
    }
  }
}

void scan_expressions(std::string_view text, int line, Finder& finder) {
  Cursor in(text, line);
  for (in.until("${{"); !in.done(); in.until("${{")) {
    in.skip(3);
    const int start = in.line();
    scan_expression(in.until("}}"), start, finder);
  }
}

// The script as the shell gets it, as far as that is known beforehand.
std::string without_expressions(std::string text) {
  for (size_t at = text.find("${{"); at != std::string::npos; at = text.find("${{", at)) {
    const size_t end = text.find("}}", at);
    for (size_t i = at; i < std::min(end == std::string::npos ? end : end + 2, text.size()); ++i) {
      text[i] = text[i] == '\n' ? '\n' : 'x';
    }
  }
  return text;
}

// The keys of every `env:` mapping.
void add_env_keys(const YAML::Node& node, int depth, std::vector<std::string>& keys,
                  Finder& finder) {
  constexpr int kDeepest = 64;
  if (depth > kDeepest || !(node.IsMap() || node.IsSequence())) {
    return;
  }
  for (const auto& item : node) {
    if (!node.IsMap()) {
      add_env_keys(item, depth + 1, keys, finder);
      continue;
    }
    if (text_of(item.first) == "env" && item.second.IsMap()) {
      for (const auto& entry : item.second) {
        keys.push_back(text_of(entry.first));
        finder.add(keys.back(), line_of_node(entry.first), "workflow env", Role::kSet);
      }
    }
    add_env_keys(item.second, depth + 1, keys, finder);
  }
}

// echo "NAME=…" >> $GITHUB_ENV gives NAME to the steps after it.
void add_github_env(std::string_view script, std::vector<std::string>& known) {
  Cursor in(script, 1);
  while (!in.done()) {
    const std::string_view line = in.until("\n");
    in.skip();
    if (line.find("GITHUB_ENV") == std::string_view::npos) {
      continue;
    }
    for (size_t at = line.find('='); at != std::string_view::npos; at = line.find('=', at + 1)) {
      size_t start = at;
      while (start > 0 && is_word_part(line[start - 1]) && line[start - 1] != '$') {
        --start;
      }
      known.emplace_back(line.substr(start, at - start));
    }
  }
}

}  // namespace

void scan_workflow(std::string_view text, Finder& finder) {
  auto root = parse_yaml(std::string(text), finder.file());
  if (!root) {
    finder.blind(root.error().line, root.error().message);
    return;
  }
  std::vector<std::string> known;
  add_env_keys(*root, 0, known, finder);
  auto is_script = [](const std::vector<std::string>& path) {
    return !path.empty() && path.back() == "run";
  };
  each_scalar(*root, [&](const std::vector<std::string>& path, const YAML::Node& scalar) {
    if (is_script(path)) {
      add_github_env(scalar.Scalar(), known);
    }
  });
  each_scalar(*root, [&](const std::vector<std::string>& path, const YAML::Node& scalar) {
    const int line = first_line_of(scalar, text);
    scan_expressions(scalar.Scalar(), line, finder);
    if (!path.empty() && path.back() == "if" && scalar.Scalar().find("${{") == std::string::npos) {
      scan_expression(scalar.Scalar(), line, finder);
    }
    if (is_script(path)) {
      scan_shell_part(without_expressions(scalar.Scalar()), line, "workflow run", known, finder);
    }
  });
}

void scan_package_json(std::string_view text, Finder& finder) {
  const auto document = nlohmann::json::parse(text, nullptr, false);
  if (document.is_discarded() || !document.is_object()) {
    finder.blind(1, "not JSON");
    return;
  }
  const auto scripts = document.find("scripts");
  if (scripts == document.end() || !scripts->is_object()) {
    return;
  }
  const auto lines = model::lines_of_json(text);
  for (const auto& [name, script] : scripts->items()) {
    if (script.is_string()) {
      const int line = model::line_of(lines, "/scripts/" + model::pointer_part(name));
      scan_shell_part(script.get<std::string>(), line, "package.json script", {}, finder);
    }
  }
}

void scan_dotenv_example(std::string_view text, Finder& finder) {
  Cursor in(text, 1);
  while (!in.done()) {
    const int number = in.line();
    std::string_view line = in.until("\n");
    in.skip();
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    line.remove_prefix(line.starts_with("export ") ? 7 : 0);
    const size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      finder.add(line.substr(0, equals), number, ".env example", Role::kDeclared);
    }
  }
}

}  // namespace relapse::env
