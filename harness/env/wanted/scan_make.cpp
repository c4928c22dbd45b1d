// Makefiles and CMake.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "wanted/scan_cursor.h"
#include "wanted/scan_finder.h"

namespace relapse::env {

namespace {

// What make itself gives, or has a rule for.
bool belongs_to_make(std::string_view name) {
  static constexpr std::array<std::string_view, 36> kNames = {"MAKE",
                                                              "MAKEFLAGS",
                                                              "MAKECMDGOALS",
                                                              "MAKEFILE_LIST",
                                                              "MAKELEVEL",
                                                              "CURDIR",
                                                              "SHELL",
                                                              "VPATH",
                                                              "SUFFIXES",
                                                              "AR",
                                                              "AS",
                                                              "CC",
                                                              "CXX",
                                                              "CPP",
                                                              "FC",
                                                              "LD",
                                                              "LEX",
                                                              "YACC",
                                                              "RM",
                                                              "ARFLAGS",
                                                              "ASFLAGS",
                                                              "CFLAGS",
                                                              "CXXFLAGS",
                                                              "CPPFLAGS",
                                                              "FFLAGS",
                                                              "LDFLAGS",
                                                              "LDLIBS",
                                                              "LOADLIBES",
                                                              "LFLAGS",
                                                              "YFLAGS",
                                                              "DESTDIR",
                                                              "INSTALL",
                                                              "MAKEOVERRIDES",
                                                              "MFLAGS",
                                                              "OUTPUT_OPTION",
                                                              "COMPILE"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

struct Line {
  std::string text;
  int number = 0;
};

// Continued lines as one.
std::vector<Line> logical_lines(std::string_view text) {
  std::vector<Line> out;
  Cursor in(text, 1);
  bool continued = false;
  while (!in.done()) {
    const int number = in.line();
    std::string_view line = in.until("\n");
    in.skip();
    if (!continued) {
      out.push_back({"", number});
    }
    continued = line.ends_with('\\');
    line.remove_suffix(continued ? 1 : 0);
    out.back().text += std::string(line) + (continued ? "\n" : "");
  }
  return out;
}

std::string without_comment(std::string_view line) {
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || line[at - 1] != '\\') {
      return std::string(line.substr(0, at));
    }
  }
  return std::string(line);
}

std::string_view first_word(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  const size_t end = std::min(rest.find_first_of(" \t:=?+!\n"), rest.size());
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end);
  return word;
}

class MakefileScan {
 public:
  explicit MakefileScan(Finder& finder) : finder_(finder) {}

  void run(std::string_view text) {
    const auto lines = logical_lines(text);
    for (const auto& line : lines) {
      if (!line.text.starts_with('\t')) {
        assignments(without_comment(line.text), line.number);
      }
    }
    for (size_t i = 0; i < lines.size(); ++i) {
      const Line& line = lines[i];
      const bool recipe = line.text.starts_with('\t');
      refuses_ = refuses(lines, i);
      references(recipe ? line.text : without_comment(line.text), line.number);
      if (recipe) {
        shell(line);
      }
    }
  }

 private:
  // A condition whose first branch ends make, or a line that does: what it tests is wanted.
  static bool refuses(const std::vector<Line>& lines, size_t at) {
    if (!lines[at].text.starts_with("if")) {
      return lines[at].text.find("$(error ") != std::string::npos;
    }
    for (size_t i = at + 1; i < lines.size(); ++i) {
      std::string_view rest = lines[i].text;
      const std::string_view word = first_word(rest);
      if (word == "else" || word == "endif") {
        return false;
      }
      if (rest.find("$(error ") != std::string_view::npos || word == "$(error") {
        return true;
      }
    }
    return false;
  }

  // NAME = …, NAME ?= …, export NAME := …, define NAME, target: NAME = …
  void assignments(std::string_view line, int number) {
    std::string_view rest = line;
    std::string_view word = first_word(rest);
    while (word == "export" || word == "override" || word == "private" || word == "define" ||
           word == "unexport") {
      const bool define = word == "define";
      word = first_word(rest);
      if (define && !word.empty()) {
        assigned_.emplace(word);
        return;
      }
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
    const size_t equals = rest.find('=');
    const std::string_view mark = rest.substr(0, std::min(equals, rest.size()));
    if (equals != std::string_view::npos &&
        mark.find_first_not_of(":?+!") == std::string_view::npos) {
      if (mark == "?" && !belongs_to_make(word)) {
        const bool empty = rest.find_first_not_of(" \t", equals + 1) == std::string_view::npos;
        finder_.add(word, number, "make ?=").has_default = !empty;
      }
      assigned_.emplace(word);
    } else if (rest.starts_with(':')) {
      const size_t end = std::min(rest.find_first_not_of(':'), rest.size());
      if (rest.find('=') < rest.find('$')) {
        assignments(rest.substr(end), number);
      }
    } else if (word == "include" || word == "-include" || word == "sinclude") {
      finder_.blind(number, "another makefile is read here, which may set variables");
    }
  }

  void references(std::string_view line, int number) {
    for (size_t at = line.find('$'); at < line.size(); at = line.find('$', at)) {
      const char open = at + 1 < line.size() ? line[at + 1] : '\0';
      at += 2;
      if (open != '(' && open != '{') {
        continue;  // $$ of a recipe, $@, $X
      }
      size_t end = at;
      while (end < line.size() && is_word_part(line[end]) && line[end] != '$') {
        ++end;
      }
      const std::string name(line.substr(at, end - at));
      const char after = end < line.size() ? line[end] : '\0';
      if (name == "foreach" && after == ' ') {
        std::string_view rest = line.substr(end);
        const std::string_view loop = rest.substr(0, rest.find(','));
        loops_.emplace(loop.substr(std::min(loop.find_first_not_of(' '), loop.size())));
      }
      if ((after == ')' || after == '}' || after == ':') && !assigned_.contains(name) &&
          !loops_.contains(name) && !belongs_to_make(name)) {
        const bool tested = line.starts_with("ifeq") || line.starts_with("ifneq") ||
                            line.find("$(if $") != std::string_view::npos;
        finder_.add(name, number, "make").folded = tested && !refuses_;
      }
    }
    for (std::string_view word : {"ifdef ", "ifndef "}) {
      if (line.starts_with(word)) {
        std::string_view rest = line.substr(word.size());
        const std::string name(first_word(rest));
        if (!assigned_.contains(name)) {
          finder_.add(name, number, "make").folded = !refuses_;
        }
      }
    }
  }

  // What the shell sees of a recipe: "$$" is a dollar, and make's own references are gone.
  void shell(const Line& line) {
    std::string text;
    for (size_t at = 0; at < line.text.size(); ++at) {
      if (line.text[at] != '$') {
        text += line.text[at];
      } else if (line.text.compare(at, 2, "$$") == 0) {
        text += '$';
        ++at;
      } else if (line.text.compare(at, 2, "$(") == 0 || line.text.compare(at, 2, "${") == 0) {
        const char open = line.text[at + 1];
        const char close = open == '(' ? ')' : '}';
        for (int depth = 0; at < line.text.size(); ++at) {
          depth += line.text[at] == open ? 1 : line.text[at] == close ? -1 : 0;
          if (depth == 0 && line.text[at] == close) {
            break;
          }
        }
        text += 'x';
      } else {
        ++at;
      }
    }
    scan_shell_part(text, line.number, "make recipe", {assigned_.begin(), assigned_.end()},
                    finder_);
  }

  Finder& finder_;
  std::set<std::string, std::less<>> assigned_;
  std::set<std::string, std::less<>> loops_;
  bool refuses_ = false;  // the line that is looked at
};

}  // namespace

void scan_makefile(std::string_view text, Finder& finder) {
  MakefileScan(finder).run(text);
}

void scan_cmake(std::string_view text, Finder& finder) {
  for (const auto& line : logical_lines(text)) {
    const std::string code = without_comment(line.text);
    for (size_t at = code.find("ENV{"); at != std::string::npos; at = code.find("ENV{", at + 4)) {
      const std::string name = code.substr(at + 4, code.find('}', at) - at - 4);
      const bool value = at > 0 && code[at - 1] == '$';
      const bool sets = !value && code.find("set(") < at;
      Place& place = finder.add(name, line.number, "$ENV{}", sets ? Role::kSet : Role::kRead);
      place.folded = !value && !sets;
    }
  }
}

}  // namespace relapse::env
