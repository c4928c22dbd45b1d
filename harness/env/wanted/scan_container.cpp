// Containers: Dockerfiles and compose files.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "wanted/scan_cursor.h"
#include "wanted/scan_finder.h"
#include "wanted/yaml_lines.h"

namespace relapse::env {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct Instruction {
  std::string name;
  std::string text;  // after the name; a continued line's break is a space and a line break
  int line = 0;
};

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

// A whole line without its break.
std::string_view take_line(Cursor& in) {
  const std::string_view line = in.until("\n");
  in.skip();
  return line;
}

std::string_view without_margin(std::string_view text) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

// RUN <<END … END: the lines up to END belong to the instruction.
void take_heredoc(Cursor& in, Instruction& instruction) {
  const size_t mark = instruction.text.find("<<");
  if (mark == std::string::npos || instruction.text.compare(mark, 3, "<<<") == 0) {
    return;
  }
  std::string end;
  for (char c : instruction.text.substr(mark + 2)) {
    if (is_word_part(c)) {
      end += c;
    } else if (c != '-' && c != '"' && c != '\'') {
      break;
    }
  }
  while (!in.done() && !end.empty()) {
    const std::string_view line = take_line(in);
    instruction.text += "\n" + std::string(line);
    if (without_margin(line) == end) {
      return;
    }
  }
}

std::vector<Instruction> instructions(std::string_view text) {
  std::vector<Instruction> out;
  Cursor in(text, 1);
  while (!in.done()) {
    Instruction one;
    one.line = in.line();
    bool continued = true;
    while (continued && !in.done()) {
      std::string_view line = without_margin(take_line(in));
      const bool comment = line.starts_with('#');
      continued = comment ? !one.text.empty() : line.ends_with('\\');
      if (!comment) {
        line.remove_suffix(continued ? 1 : 0);
        one.text += line;
      }
      one.text += continued ? " \n" : "";
    }
    const size_t end = std::min(one.text.find_first_of(" \t\n"), one.text.size());
    one.name = upper(one.text.substr(0, end));
    one.text.erase(0, end);
    if (one.name == "RUN" || one.name == "COPY") {
      take_heredoc(in, one);
    }
    if (!one.name.empty()) {
      out.push_back(std::move(one));
    }
  }
  return out;
}

// "A B=2 C='3 4'" by word, quotes kept together; each with its line.
std::vector<Token> words_of(const Instruction& instruction) {
  std::vector<Token> words;
  int line = instruction.line;
  char quote = '\0';
  bool open = false;
  for (char c : instruction.text) {
    line += c == '\n' ? 1 : 0;
    if (quote == '\0' && is_space(c)) {
      open = false;
      continue;
    }
    if (!open) {
      words.push_back({TokenKind::kWord, "", line});
      open = true;
    }
    quote = quote == c ? '\0' : quote == '\0' && (c == '"' || c == '\'') ? c : quote;
    words.back().text += c;
  }
  return words;
}

bool mentions(std::string_view text, const std::string& name) {
  for (const auto& written : {"$" + name, "${" + name}) {
    const size_t at = text.find(written);
    if (at != std::string_view::npos &&
        (at + written.size() == text.size() || !is_word_part(text[at + written.size()]))) {
      return true;
    }
  }
  return false;
}

class DockerfileScan {
 public:
  explicit DockerfileScan(Finder& finder) : finder_(finder) {}

  void run(std::string_view text) {
    for (const auto& one : instructions(text)) {
      if (one.name == "ARG") {
        arguments(one);
      } else if (one.name == "ENV") {
        environment(one);
      } else if (one.name == "RUN") {
        scan_shell_part(one.text, one.line, "RUN", known_, finder_);
      } else if (one.name == "CMD" || one.name == "ENTRYPOINT") {
        // What a container is given when it starts: build arguments are gone by then.
        scan_shell_part(one.text, one.line, one.name, set_, finder_);
      } else {
        // Expanded as a shell would do it, and no command: ". ." of COPY are two folders.
        scan_shell_part(":" + one.text, one.line, one.name, known_, finder_);
      }
    }
  }

 private:
  void arguments(const Instruction& one) {
    for (const auto& word : words_of(one)) {
      const size_t equals = word.text.find('=');
      const std::string name = word.text.substr(0, equals);
      const std::string value = equals == std::string::npos ? "" : word.text.substr(equals + 1);
      // A stage takes over what was said before the first FROM.
      const bool again = std::find(known_.begin(), known_.end(), name) != known_.end();
      if (!again) {
        finder_.add(name, word.line, "ARG").has_default =
            !value.empty() && value != "\"\"" && value != "''";
      }
      known_.push_back(name);
    }
  }

  void environment(const Instruction& one) {
    const auto words = words_of(one);
    const bool old_form = !words.empty() && words.front().text.find('=') == std::string::npos;
    for (const auto& word : words) {
      const std::string name = word.text.substr(0, word.text.find('='));
      const std::string_view value =
          old_form ? std::string_view(one.text) : std::string_view(word.text);
      // ENV X=$X hands an argument on: its value still comes from outside.
      if (!mentions(value, name)) {
        finder_.add(name, word.line, "ENV", Role::kSet);
      }
      known_.push_back(name);
      set_.push_back(name);
      if (old_form) {
        break;
      }
    }
    scan_shell_part(one.text, one.line, "ENV", known_, finder_);
  }

  Finder& finder_;
  std::vector<std::string> known_;
  std::vector<std::string> set_;
};

// ${X}, ${X:-d}, $X of a compose file's scalar; "$$" is a dollar.
void interpolation(std::string text, int line, Finder& finder) {
  for (size_t at = text.find("$$"); at != std::string::npos; at = text.find("$$", at)) {
    text.replace(at, 2, "  ");
  }
  // The same forms as in a shell, between quotes.
  std::string quoted = "\"";
  for (char c : text) {
    quoted += c == '"' || c == '`' || c == '\\' ? ' ' : c;
  }
  scan_shell_part(quoted + "\"", line, "compose", {}, finder);
}

}  // namespace

void scan_dockerfile(std::string_view text, Finder& finder) {
  DockerfileScan(finder).run(text);
}

void scan_compose(std::string_view text, Finder& finder) {
  auto root = parse_yaml(std::string(text), finder.file());
  if (!root) {
    finder.blind(root.error().line, root.error().message);
    return;
  }
  each_scalar(*root, [&](const std::vector<std::string>& path, const YAML::Node& scalar) {
    const std::string value = scalar.Scalar();
    const int line = first_line_of(scalar, text);
    interpolation(value, line, finder);
    // environment: [X] and build: args: [X] pass on what the caller has.
    const bool list = !path.empty() && (path.back() == "environment" || path.back() == "args");
    if (list) {
      const size_t equals = value.find('=');
      finder.add(value.substr(0, equals), line, "compose",
                 equals == std::string::npos ? Role::kRead : Role::kSet);
    }
  });
}

}  // namespace relapse::env
