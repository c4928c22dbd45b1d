#pragma once
// Where the scanners of languages put what they find in one file.

#include <string>
#include <string_view>
#include <vector>

#include "wanted/scan.h"
#include "wanted/scan_tokens.h"

namespace relapse::env {

class Finder {
 public:
  Finder(std::string file, bool in_test) : file_(std::move(file)), in_test_(in_test) {}

  // A name that no environment can hold is dropped: the answer is then a place that goes nowhere.
  Place& add(std::string_view name, int line, std::string_view how, Role role = Role::kRead);
  void blind(int line, std::string what);
  void add_prefixes(int line, std::vector<std::string> prefixes);

  const std::string& file() const { return file_; }
  // For tests within a file of other things.
  void set_in_test(bool in_test) { in_test_ = in_test; }
  bool in_test() const { return in_test_; }

  // Reads of names that the file itself sets are told from the others, and doubles fall away.
  FileFindings take();

 private:
  std::string file_;
  bool in_test_;
  FileFindings findings_;
  Place nowhere_;
};

// A language: what it finds in a text.
using ScanUnit = void (*)(std::string_view text, Finder& finder);

void scan_typescript(std::string_view text, Finder& finder);
void scan_javascript(std::string_view text, Finder& finder);  // with JSX
void scan_vue(std::string_view text, Finder& finder);
void scan_markup(std::string_view text, Finder& finder);  // Svelte, Astro
void scan_html(std::string_view text, Finder& finder);
void scan_rust(std::string_view text, Finder& finder);
void scan_c(std::string_view text, Finder& finder);
void scan_python(std::string_view text, Finder& finder);
void scan_go(std::string_view text, Finder& finder);
void scan_shell(std::string_view text, Finder& finder);
void scan_dockerfile(std::string_view text, Finder& finder);
void scan_compose(std::string_view text, Finder& finder);
void scan_makefile(std::string_view text, Finder& finder);
void scan_cmake(std::string_view text, Finder& finder);
void scan_workflow(std::string_view text, Finder& finder);
void scan_package_json(std::string_view text, Finder& finder);
void scan_dotenv_example(std::string_view text, Finder& finder);

// Tokens of a script, or of a part of one.
void scan_script_tokens(const Tokens& tokens, Finder& finder);
// A piece of shell that stands in another file; `known` are names that the other file provides.
void scan_shell_part(std::string_view text, int first_line, std::string_view how,
                     const std::vector<std::string>& known, Finder& finder);

// Whether a file holds tests, by its path within the project.
bool is_test_path(std::string_view path);

// What the words of a file stand for: `X = "…"`, lists of strings, variables of loops over them.
// Empty where it is not told by the file itself.
std::vector<std::string> strings_of_word(const TokenView& tokens, std::string_view word);

}  // namespace relapse::env
