// Shell: what is expanded without having been assigned. Quotes, here-documents and comments are
// told apart; functions and the order of commands are not, so an assignment counts wherever it
// stands.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "wanted/scan_cursor.h"
#include "wanted/scan_finder.h"

namespace relapse::env {

namespace {

bool is_name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}

bool is_name_part(char c) {
  return is_name_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool is_in(std::string_view word, std::initializer_list<std::string_view> list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

class ShellScan {
 public:
  ShellScan(std::string_view text, int line, std::string_view how,
            const std::vector<std::string>& known, Finder& finder)
      : in_(text, line), how_(how), known_(known.begin(), known.end()), finder_(finder) {}

  void run() {
    while (!in_.done()) {
      commands('\0');
      in_.skip();
    }
    for (const auto& read : reads_) {
      if (!known_.contains(read.name) && (read.own_default || !assigned_.contains(read.name))) {
        Place& place = finder_.add(read.name, read.line, how_);
        place.has_default = read.has_default;
        place.folded = read.tested;
      }
    }
  }

 private:
  struct Read {
    std::string name;
    int line = 0;
    bool has_default = false;
    bool tested = false;
    bool own_default = false;  // X=${X:-d}: before the script's own value there is another
  };
  struct Heredoc {
    std::string end;
    bool literal = false;
    bool tabs = false;
  };

  static constexpr int kDeepest = 100;

  // Up to `close`, which stays, or to the end.
  void commands(char close) {
    ++depth_;
    bool command = true;  // a command's name comes next
    std::string builtin;  // whose words are names: read, export, for
    while (!in_.done() && in_.peek() != close) {
      const char c = in_.peek();
      if (c == '\n') {
        in_.skip();
        heredocs();
        command = true;
        builtin.clear();
      } else if (c == ' ' || c == '\t' || c == '\r') {
        in_.skip();
      } else if (in_.starts("\\\n")) {
        in_.skip(2);
      } else if (c == '#') {
        in_.until("\n");
      } else if (in_.starts("<<") && !in_.starts("<<<")) {
        heredoc_mark();
      } else if (std::string_view(";&|(){}").find(c) != std::string_view::npos) {
        in_.skip();
        command = true;
        builtin.clear();
      } else {
        word(command, builtin);
      }
    }
    --depth_;
  }

  // One word of a command, with the expansions in it.
  void word(bool& command, std::string& builtin) {
    const int line = in_.line();
    const std::string name = assignment();
    if (!name.empty() && (command || is_declaration(builtin))) {
      assigned_.insert(name);
      assigning_ = name;
      value();
      assigning_.clear();
      return;
    }
    const std::string text = value();
    const bool keyword = is_in(text, {"if", "then", "else", "elif", "do", "while", "until", "!",
                                      "time", "exec", "command", "builtin", "sudo"});
    if (command && !keyword) {
      command = false;
      builtin = text;
      if (text == "source" || text == ".") {
        finder_.blind(line, "another script is read here, which may set variables");
      }
    } else if (!command) {
      argument(text, builtin);
    }
  }

  static bool is_declaration(std::string_view builtin) {
    return is_in(builtin, {"export", "local", "declare", "readonly", "typeset"});
  }

  void argument(const std::string& text, std::string& builtin) {
    if (!is_env_name(text)) {
      return;
    }
    if (is_in(builtin, {"read", "local", "declare", "typeset", "mapfile", "readarray"})) {
      assigned_.insert(text);
    } else if (is_in(builtin, {"for", "select"})) {
      assigned_.insert(text);
      builtin.clear();
    } else if (builtin == "getopts") {
      assigned_.insert(text);
    }
  }

  // "NAME" where NAME= or NAME+= comes next, which is skipped; else "" and nothing is.
  std::string assignment() {
    const std::string_view rest = in_.rest();
    size_t end = 0;
    while (end < rest.size() && is_name_part(rest[end])) {
      ++end;
    }
    const std::string name(rest.substr(0, end));
    if (!is_env_name(name)) {
      return "";
    }
    if (end < rest.size() && rest[end] == '[') {
      end = std::min(rest.find(']', end), rest.size() - 1) + 1;
    }
    end += end < rest.size() && rest[end] == '+' ? 1 : 0;
    if (end >= rest.size() || rest[end] != '=') {
      return "";
    }
    in_.skip(end + 1);
    if (in_.peek() == '(') {  // an array's elements are words
      in_.skip();
    }
    return name;
  }

  // Up to the word's end; the fixed text of it.
  std::string value() {
    std::string text;
    while (!in_.done()) {
      const char c = in_.peek();
      if (c == '\'') {
        in_.skip();
        text += in_.until("'");
        in_.skip();
      } else if (c == '"') {
        in_.skip();
        text_until('"');
        in_.skip();
      } else if (c == '`' && in_backquotes_) {
        break;
      } else if (c == '$' || c == '`') {
        expansion();
        text += '$';
      } else if (c == '\\') {
        in_.skip(2);
      } else if (std::string_view(" \t\r\n;&|()<>").find(c) != std::string_view::npos) {
        if (text.empty() && (c == '<' || c == '>')) {
          in_.skip();
          continue;
        }
        break;
      } else if (c == '}' && text.empty()) {
        break;
      } else {
        text += c;
        in_.skip();
      }
    }
    return text;
  }

  // Text in which only "$" and "`" mean something.
  void text_until(char close) {
    ++depth_;
    while (!in_.done() && in_.peek() != close) {
      if (in_.peek() == '$' || in_.peek() == '`') {
        expansion();
      } else {
        in_.skip(in_.peek() == '\\' ? 2 : 1);
      }
    }
    --depth_;
  }

  void expansion() {
    if (in_.peek() == '`') {
      in_.skip();
      if (depth_ < kDeepest) {
        const bool outer = std::exchange(in_backquotes_, true);
        commands('`');
        in_backquotes_ = outer;
      }
      in_.skip();
    } else if (in_.starts("$(") && depth_ < kDeepest) {
      in_.skip(2);
      parenthesis();
    } else if (in_.starts("${") && depth_ < kDeepest) {
      in_.skip(2);
      braces();
    } else {
      in_.skip();
      if (in_.peek() == '\'') {  // $'…'
        return;
      }
      const int line = in_.line();
      const std::string name = this->name();
      if (!name.empty()) {
        add({name, line, false, false, name == assigning_});
      } else if (std::string_view("?#@*!$-0123456789").find(in_.peek()) != std::string_view::npos) {
        in_.skip();
      }
    }
  }

  void parenthesis() {
    const std::string outer = assigning_;
    const bool backquotes = std::exchange(in_backquotes_, false);
    nested_until_parenthesis();
    in_backquotes_ = backquotes;
    assigning_ = outer;
    in_.skip();
  }

  // Commands up to the ")" that is theirs: those within come in pairs.
  void nested_until_parenthesis() {
    ++depth_;
    bool command = true;
    std::string builtin;
    int open = 0;
    while (!in_.done() && (in_.peek() != ')' || open > 0)) {
      const char c = in_.peek();
      open += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == '\n' || std::string_view(";&|(){}").find(c) != std::string_view::npos) {
        in_.skip();
        command = true;
        builtin.clear();
      } else if (c == ' ' || c == '\t' || c == '\r') {
        in_.skip();
      } else if (c == '#') {
        in_.until("\n");
      } else {
        const std::string outer = assigning_;
        word(command, builtin);
        assigning_ = outer;
      }
    }
    --depth_;
  }

  std::string name() {
    std::string name;
    while (is_name_part(in_.peek()) && (!name.empty() || is_name_start(in_.peek()))) {
      name += in_.peek();
      in_.skip();
    }
    return name;
  }

  // After "${".
  void braces() {
    const int line = in_.line();
    if (in_.peek() == '!') {
      finder_.blind(line, "${!…}: a name that stands in another variable");
    }
    if (in_.peek() == '#' || in_.peek() == '!') {
      in_.skip();
    }
    const std::string name = this->name();
    const bool colon = in_.peek() == ':';
    const char mark = in_.peek(colon ? 1 : 0);
    const bool falls_back = mark == '-' || mark == '=';
    const bool empty = in_.peek(colon ? 2 : 1) == '}';
    if (!name.empty()) {
      // ${X:-} only keeps `set -u` quiet: nothing stands in for the value.
      add({name, line, falls_back && !empty, mark == '+', name == assigning_ || mark == '='});
      if (mark == '=') {
        assigned_.insert(name);
      }
    }
    text_until('}');
    in_.skip();
  }

  void add(Read read) { reads_.push_back(std::move(read)); }

  // <<WORD, <<-WORD, <<'WORD': the body begins on the next line.
  void heredoc_mark() {
    in_.skip(2);
    Heredoc heredoc;
    if (in_.peek() == '-') {
      heredoc.tabs = true;
      in_.skip();
    }
    while (in_.peek() == ' ') {
      in_.skip();
    }
    while (!in_.done() &&
           std::string_view(" \t\n;&|)<>").find(in_.peek()) == std::string_view::npos) {
      if (std::string_view("'\"\\").find(in_.peek()) != std::string_view::npos) {
        heredoc.literal = true;
      } else {
        heredoc.end += in_.peek();
      }
      in_.skip();
    }
    if (!heredoc.end.empty()) {
      heredocs_.push_back(heredoc);
    }
  }

  void heredocs() {
    for (const auto& heredoc : std::exchange(heredocs_, {})) {
      while (!in_.done()) {
        std::string_view line = in_.rest().substr(0, in_.rest().find('\n'));
        const size_t length = line.size();
        while (heredoc.tabs && line.starts_with('\t')) {
          line.remove_prefix(1);
        }
        if (line == heredoc.end) {
          in_.skip(length + 1);
          break;
        }
        if (heredoc.literal) {
          in_.skip(length + 1);
        } else {
          text_until('\n');
          in_.skip();
        }
      }
    }
  }

  Cursor in_;
  std::string how_;
  std::set<std::string, std::less<>> known_;
  Finder& finder_;
  std::set<std::string> assigned_;
  std::string assigning_;
  std::vector<Read> reads_;
  std::vector<Heredoc> heredocs_;
  int depth_ = 0;
  bool in_backquotes_ = false;
};

}  // namespace

void scan_shell_part(std::string_view text, int first_line, std::string_view how,
                     const std::vector<std::string>& known, Finder& finder) {
  ShellScan(text, first_line, how, known, finder).run();
}

void scan_shell(std::string_view text, Finder& finder) {
  scan_shell_part(text, 1, "shell", {}, finder);
}

}  // namespace relapse::env
