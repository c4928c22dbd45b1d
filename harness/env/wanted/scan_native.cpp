// Languages whose programs ask for variables by calling a function: one table a language.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "wanted/scan_finder.h"

namespace relapse::env {

namespace {

// A call that takes the name as its first argument, or hands out everything.
struct Call {
  std::vector<std::string_view> words;  // as tokens, without the bracket
  std::string_view how;
  enum class Kind { kRead, kReadOr, kTest, kSet, kAll, kExpand } kind = Kind::kRead;
};

// What stands after a call and gives a value of its own instead.
using DefaultAfter = bool (*)(const TokenView& tokens, size_t end);

bool no_default(const TokenView&, size_t) {
  return false;
}

struct Language {
  std::span<const Call> calls;
  DefaultAfter has_default;
};

// $X and ${X} of a text that is expanded at run time.
void expand(const Token& token, std::string_view how, Finder& finder) {
  for (size_t at = token.text.find('$'); at != std::string::npos;
       at = token.text.find('$', at + 1)) {
    const size_t start = at + (token.text.compare(at, 2, "${") == 0 ? 2 : 1);
    size_t end = start;
    while (end < token.text.size() && is_word_part(token.text[end]) && token.text[end] != '$') {
      ++end;
    }
    finder.add(token.text.substr(start, end - start), token.line, how);
  }
}

bool is_text(const Token& token) {
  return token.kind == TokenKind::kString && !token.text.empty();
}

bool is_literal_default(const Token& token) {
  return is_text(token) || token.kind == TokenKind::kNumber || token.kind == TokenKind::kTemplate;
}

// What cargo gives to the code of a crate and to its build script.
bool from_cargo(std::string_view name) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "OUT_DIR", "TARGET", "HOST",    "NUM_JOBS",     "OPT_LEVEL",    "DEBUG",
      "PROFILE", "RUSTC",  "RUSTDOC", "RUSTC_LINKER", "RUSTC_WRAPPER"};
  return name.starts_with("CARGO_") ||
         std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

void record(const TokenView& tokens, const Call& call, size_t open, DefaultAfter has_default,
            Finder& finder) {
  const size_t close = tokens.closing(open);
  const Token& first = tokens.at(open + 1);
  const bool single = tokens.is(open + 2, ",") || open + 2 == close;
  std::vector<std::string> names;
  if (single && first.kind == TokenKind::kString) {
    names = {first.text};
  } else if (single && first.kind == TokenKind::kWord) {
    names = strings_of_word(tokens, first.text);
  }
  if (names.empty()) {
    // `char *getenv(const char *name)` declares, and asks nothing.
    if (!tokens.is(open + 1, "const") && !tokens.is(open + 1, "char") && close != open + 1) {
      finder.blind(first.line, fmt::format("{}: a name built at run time", call.how));
    }
    return;
  }
  // A build script is started by cargo.
  const bool in_build_script =
      finder.file() == "build.rs" || std::string_view(finder.file()).ends_with("/build.rs");
  for (const auto& name : names) {
    if (in_build_script && from_cargo(name)) {
      continue;
    }
    const Role role = call.kind == Call::Kind::kSet ? Role::kSet : Role::kRead;
    Place& place = finder.add(name, first.line, call.how, role);
    place.folded = call.kind == Call::Kind::kTest;
    place.has_default =
        (call.kind == Call::Kind::kReadOr && tokens.is(open + 2, ",") &&
         !tokens.is(open + 3, "None") &&
         (!tokens.is_kind(open + 3, TokenKind::kString) || is_text(tokens.at(open + 3)))) ||
        has_default(tokens, close + 1);
  }
}

void scan_calls(const TokenView& tokens, size_t i, const Language& language, Finder& finder) {
  for (const auto& call : language.calls) {
    size_t end = i;
    for (auto word : call.words) {
      end = end != SIZE_MAX && tokens.is(end, word) ? end + 1 : SIZE_MAX;
    }
    // A longer path may end in the same words: those stand earlier in the table, or are others.
    const bool within = tokens.is(i - 1, ".") || tokens.is(i - 1, "->") || tokens.is(i - 1, "fn") ||
                        tokens.is(i - 1, "def") || tokens.is(i - 1, "func");
    if (end == SIZE_MAX || within || !(tokens.is(end, "(") || tokens.is(end, "["))) {
      continue;
    }
    if (call.kind == Call::Kind::kAll) {
      finder.blind(tokens.at(i).line,
                   fmt::format("{}: all variables, whichever there are", call.how));
    } else if (call.kind == Call::Kind::kExpand) {
      if (tokens.is_kind(end + 1, TokenKind::kString)) {
        expand(tokens.at(end + 1), call.how, finder);
      }
    } else {
      record(tokens, call, end, language.has_default, finder);
    }
    return;
  }
}

using Kind = Call::Kind;

// --- Rust

bool rust_default(const TokenView& tokens, size_t end) {
  // .ok().filter(…).unwrap_or_else(|| "x".into())
  for (size_t at = end; tokens.is(at, ".") || tokens.is(at, "?");) {
    const std::string& method = tokens.at(at + 1).text;
    if (method == "unwrap_or" || method == "or" || method == "map_or") {
      return true;
    }
    if (method == "unwrap_or_else" || method == "or_else" || method == "map_or_else") {
      const size_t close = tokens.closing(at + 2);
      for (size_t inner = at + 2; inner < close; ++inner) {
        if (tokens.is(inner, "panic") || tokens.is(inner, "exit")) {
          return false;
        }
      }
      return true;
    }
    at = tokens.is(at + 2, "(") ? tokens.closing(at + 2) + 1 : at + 2;
  }
  return false;
}

// env!("X"), option_env!("X"), std::env!("X")
void rust_macro(const TokenView& tokens, size_t i, Finder& finder) {
  const bool optional = tokens.is(i, "option_env");
  if ((!optional && !tokens.is(i, "env")) || !tokens.is(i + 1, "!")) {
    return;
  }
  const Token& name = tokens.at(i + 3);
  if (name.kind == TokenKind::kString && !from_cargo(name.text)) {
    finder.add(name.text, name.line, optional ? "option_env!" : "env!").has_default =
        optional && rust_default(tokens, tokens.closing(i + 2) + 1);
  } else if (name.kind == TokenKind::kWord) {
    finder.blind(name.line, "env!: a name that a macro puts together");
  }
}

// println!("cargo:rustc-env=X={}", …) of a build script gives X to env! of its crate.
void rust_build_script(const Token& token, Finder& finder) {
  for (std::string_view mark : {"cargo:rustc-env=", "cargo::rustc-env="}) {
    if (token.kind == TokenKind::kString && token.text.starts_with(mark)) {
      const std::string rest = token.text.substr(mark.size());
      finder.add(rest.substr(0, rest.find('=')), token.line, "cargo:rustc-env", Role::kSet).to_all =
          true;
    }
  }
}

// --- C and C++

bool c_default(const TokenView& tokens, size_t end) {
  return tokens.is(end, "?:");
}

// --- Python

bool python_default(const TokenView& tokens, size_t end) {
  return tokens.is(end, "or") && (is_literal_default(tokens.at(end + 1)) ||
                                  (tokens.is_kind(end + 1, TokenKind::kWord) &&
                                   !tokens.is(end + 1, "None") && !tokens.is(end + 2, "(")));
}

// os.environ["X"] = … and del, and "X" in os.environ, which no table of calls can tell.
bool python_environ(const TokenView& tokens, size_t i, Finder& finder) {
  const bool dotted = tokens.match(i, {"os", ".", "environ"});
  const size_t end = i + (dotted ? 3 : 1);
  const bool imported = tokens.is(i - 1, "import") || tokens.is(i - 1, ",");
  const bool bare = tokens.is(i, "environ") && !tokens.is(i - 1, ".") &&
                    (!imported || tokens.is(end, "[") || tokens.is(end, "."));
  if (!dotted && !bare) {
    return false;
  }
  const int line = tokens.at(i).line;
  if (tokens.is(i - 1, "in")) {
    const size_t name = tokens.is(i - 2, "not") ? i - 3 : i - 2;
    if (tokens.is_kind(name, TokenKind::kString)) {
      finder.add(tokens.at(name).text, line, "os.environ");
      return true;
    }
    if (tokens.is(i - 3, "for")) {
      finder.blind(line, "os.environ: all variables, whichever there are");
      return true;
    }
  }
  if (tokens.is(end, "[")) {
    const size_t close = tokens.closing(end);
    const bool sets = tokens.is(close + 1, "=");
    if (!tokens.is(i - 1, "del")) {
      record(tokens, {{}, "os.environ", sets ? Kind::kSet : Kind::kRead}, end, python_default,
             finder);
    }
  } else if (!tokens.is(end, ".") && !tokens.is(end, "=")) {
    finder.blind(line, "os.environ as a whole: which names are taken is decided elsewhere");
  }
  return true;
}

void python_libraries(const TokenView& tokens, size_t i, Finder& finder) {
  const bool imports = tokens.is(i - 1, "import") || tokens.is(i - 1, "from");
  for (std::string_view library : {"pydantic_settings", "environs", "decouple", "environ"}) {
    if (imports && tokens.is(i, library) && !tokens.is(i - 2, "os")) {
      finder.blind(tokens.at(i).line,
                   fmt::format("{} takes names from the fields of classes or by itself", library));
    }
  }
}

}  // namespace

void scan_rust(std::string_view text, Finder& finder) {
  static const std::array<Call, 9> kCalls = {{
      {{"std", "::", "env", "::", "var"}, "std::env::var"},
      {{"std", "::", "env", "::", "var_os"}, "std::env::var_os"},
      {{"env", "::", "var"}, "std::env::var"},
      {{"env", "::", "var_os"}, "std::env::var_os"},
      {{"env", "::", "set_var"}, "std::env::set_var", Kind::kSet},
      {{"env", "::", "vars"}, "std::env::vars", Kind::kAll},
      {{"env", "::", "vars_os"}, "std::env::vars_os", Kind::kAll},
      {{"var"}, "std::env::var"},
      {{"var_os"}, "std::env::var_os"},
  }};
  const Tokens tokens = lex(text, kRustRules);
  const TokenView view(tokens);
  const Language language = {kCalls, rust_default};
  const bool whole_test = finder.in_test();
  bool imported = false;  // use std::env::var;
  size_t test_end = 0;    // of #[cfg(test)] mod tests { … }
  size_t path_end = 0;    // a path is looked at once, from its beginning
  for (size_t i = 0; i < view.size(); ++i) {
    if (view.match(i, {"cfg", "(", "test", ")", "]"})) {
      size_t open = i;
      while (open < view.size() && !view.is(open, "{") && !view.is(open, ";")) {
        ++open;
      }
      test_end = view.is(open, "{") ? view.closing(open) : open;
    }
    finder.set_in_test(whole_test || i < test_end);
    imported = imported || (view.match(i, {"use", "std", "::", "env", "::"}));
    rust_macro(view, i, finder);
    rust_build_script(view.at(i), finder);
    const bool bare = view.is(i, "var") || view.is(i, "var_os");
    if (i >= path_end && (!bare || (imported && !view.is(i - 1, "::")))) {
      scan_calls(view, i, language, finder);
      path_end = view.match(i, {"std", "::", "env", "::"}) ? i + 5 : path_end;
    }
  }
}

void scan_c(std::string_view text, Finder& finder) {
  static const std::array<Call, 6> kCalls = {{
      {{"getenv"}, "getenv"},
      {{"secure_getenv"}, "secure_getenv"},
      {{"__secure_getenv"}, "secure_getenv"},
      {{"qgetenv"}, "qgetenv"},
      {{"setenv"}, "setenv", Kind::kSet},
      {{"g_getenv"}, "g_getenv"},
  }};
  const Tokens tokens = lex(text, kCRules);
  const TokenView view(tokens);
  for (size_t i = 0; i < view.size(); ++i) {
    scan_calls(view, i, {kCalls, c_default}, finder);
    if (view.is(i, "environ") && (view.is(i - 1, "*") || view.is(i - 1, "=")) &&
        view.is(i - 2, "extern")) {
      finder.blind(view.at(i).line, "environ: all variables, whichever there are");
    }
  }
}

void scan_go(std::string_view text, Finder& finder) {
  static const std::array<Call, 6> kCalls = {{
      {{"os", ".", "Getenv"}, "os.Getenv"},
      {{"os", ".", "LookupEnv"}, "os.LookupEnv"},
      {{"syscall", ".", "Getenv"}, "syscall.Getenv"},
      {{"os", ".", "Setenv"}, "os.Setenv", Kind::kSet},
      {{"os", ".", "Environ"}, "os.Environ", Kind::kAll},
      {{"os", ".", "ExpandEnv"}, "os.ExpandEnv", Kind::kExpand},
  }};
  const Tokens tokens = lex(text, kGoRules);
  const TokenView view(tokens);
  for (size_t i = 0; i < view.size(); ++i) {
    scan_calls(view, i, {kCalls, no_default}, finder);
  }
}

void scan_python(std::string_view text, Finder& finder) {
  static const std::array<Call, 9> kCalls = {{
      {{"os", ".", "getenv"}, "os.getenv", Kind::kReadOr},
      {{"os", ".", "environ", ".", "get"}, "os.environ.get", Kind::kReadOr},
      {{"os", ".", "environ", ".", "setdefault"}, "os.environ.setdefault", Kind::kReadOr},
      {{"os", ".", "environ", ".", "pop"}, "os.environ.pop", Kind::kReadOr},
      {{"os", ".", "putenv"}, "os.putenv", Kind::kSet},
      {{"os", ".", "path", ".", "expandvars"}, "os.path.expandvars", Kind::kExpand},
      {{"environ", ".", "get"}, "os.environ.get", Kind::kReadOr},
      {{"environ", ".", "setdefault"}, "os.environ.setdefault", Kind::kReadOr},
      {{"getenv"}, "os.getenv", Kind::kReadOr},
  }};
  const Tokens tokens = lex(text, kPythonRules);
  const TokenView view(tokens);
  for (size_t i = 0; i < view.size(); ++i) {
    scan_calls(view, i, {kCalls, python_default}, finder);
    python_environ(view, i, finder);
    python_libraries(view, i, finder);
  }
}

}  // namespace relapse::env
