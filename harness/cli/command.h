#pragma once
// A command of the program: how it declares its arguments, and what it does. One file a command;
// the table in main.cpp is all that knows them.

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>

#include "model/result.h"

namespace relapse::cli {

// Adds the command's arguments to `app` and returns what to call once they are parsed. The
// returned function gives the exit code.
using Declare = std::function<int()> (*)(CLI::App& app);

struct Command {
  const char* name;
  const char* summary;
  Declare declare;
};

std::function<int()> declare_run(CLI::App& app);
std::function<int()> declare_calibrate(CLI::App& app);
std::function<int()> declare_list(CLI::App& app);
std::function<int()> declare_show(CLI::App& app);
std::function<int()> declare_check(CLI::App& app);
std::function<int()> declare_diagnose(CLI::App& app);
std::function<int()> declare_explore(CLI::App& app);
std::function<int()> declare_inject(CLI::App& app);
std::function<int()> declare_replay(CLI::App& app);
std::function<int()> declare_report(CLI::App& app);
std::function<int()> declare_merge(CLI::App& app);
std::function<int()> declare_bisect(CLI::App& app);
std::function<int()> declare_new(CLI::App& app);
std::function<int()> declare_doctor(CLI::App& app);

// Prints "relapse: …" on standard error and returns the exit code of the error's kind.
int report_error(const model::Error& error);

// What a shell says of a command that a signal ended.
inline int interrupted_exit(int signal) {
  return 128 + signal;
}

// Colours and live lines: only for a terminal, and not where NO_COLOR (no-color.org) or
// TERM=dumb asks for plain text.
bool is_terminal(int fd);
bool wants_color(int fd);

// The environment that relapse was called with.
std::map<std::string, std::string> caller_environment();

// "…" as a JSON document for programs, on standard output.
void print_json(const std::string& document);

// The same of an nlohmann document, whichever order its members have. What is no UTF-8 is replaced:
// it may come from a subject.
template <typename Json>
void print_document(const Json& document) {
  constexpr int kIndent = 2;
  print_json(document.dump(kIndent, ' ', false, Json::error_handler_t::replace));
}

}  // namespace relapse::cli
