#pragma once
// Runs commands where the tests run, without a world: the scripts of these tests are harmless.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builds/command_runner.h"
#include "catch.h"
#include "os/files.h"
#include "os/run_program.h"
#include "os/scratch_folder.h"

namespace relapse::env {

class LocalRunner : public CommandRunner {
 public:
  model::Result<std::vector<model::Observation>> run(const std::vector<WorldCommand>& commands,
                                                     int) override {
    std::vector<model::Observation> seen;
    for (const auto& command : commands) {
      seen.push_back(run_one(command));
    }
    return seen;
  }
  int interrupted() const override { return 0; }

 private:
  static model::Observation run_one(const WorldCommand& command) {
    namespace fs = std::filesystem;
    for (const auto& file : command.files) {
      fs::create_directories(fs::path(file.path).parent_path());
      REQUIRE(os::write_file_atomically(file.path, file.content));
      fs::permissions(file.path, fs::perms(file.mode));
    }
    std::vector<std::string> argv = {"env", "-i"};
    for (const auto& [name, value] : command.env) {
      argv.push_back(name + "=" + value);
    }
    argv.insert(argv.end(), command.argv.begin(), command.argv.end());
    constexpr int kLimitMs = 30'000;
    auto end = os::run_program(argv, kLimitMs);
    REQUIRE(end);
    model::Observation out;
    out.end = model::TrialEnd::kExited;
    out.output_tail = end->output;
    return out;
  }
};

// A repository of a test: gone after it.
class Repository {
 public:
  Repository(std::initializer_list<std::pair<std::string, std::string>> files) {
    auto made = os::ScratchFolder::make();
    REQUIRE(made);
    folder_.emplace(std::move(*made));
    for (const auto& [path, content] : files) {
      write(path, content);
    }
  }
  std::string path(const std::string& inside) const { return folder_->path() + "/" + inside; }
  void write(const std::string& inside, const std::string& content) const {
    std::filesystem::create_directories(std::filesystem::path(path(inside)).parent_path());
    REQUIRE(os::write_file_atomically(path(inside), content));
  }

 private:
  std::optional<os::ScratchFolder> folder_;
};

}  // namespace relapse::env
