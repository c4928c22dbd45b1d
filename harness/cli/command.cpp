#include "cli/command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "model/verdict.h"

namespace relapse::cli {

int report_error(const model::Error& error) {
  model::Error plain = error;
  std::string remedy = std::exchange(plain.remedy, "");
  fmt::print(stderr, "relapse: {}\n", plain.text());
  if (!remedy.empty()) {
    fmt::print(stderr, "         {}\n", remedy);
  }
  return model::exit_code(error.kind);
}

bool is_terminal(int fd) {
  return ::isatty(fd) == 1;
}

bool wants_color(int fd) {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return is_terminal(fd) && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

std::map<std::string, std::string> caller_environment() {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) {
      environment[text.substr(0, equals)] = text.substr(equals + 1);
    }
  }
  return environment;
}

void print_json(const std::string& document) {
  fmt::print("{}\n", document);
}

}  // namespace relapse::cli
