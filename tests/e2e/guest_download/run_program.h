#pragma once
// One run of a program, to its end or to a deadline.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace guest_download_test {

struct Run {
  int exit_code = -1;  // 128 + signal if it was killed, also by the deadline
  std::string out;
  std::string err;
  std::chrono::milliseconds duration{};
};

struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value", and nothing else
  std::string input;                     // on stdin, then its end
};

// `scratch` receives the files behind the standard streams.
Run run_program(const Command& command, const std::filesystem::path& scratch);

}  // namespace guest_download_test
