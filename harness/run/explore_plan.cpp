#include "run/explore_plan.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "model/shell.h"
#include "os/file_tree.h"
#include "os/files.h"
#include "os/subject_view.h"
#include "run/command_plan.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Result;
using model::TrialPlan;

namespace {

// A trial takes some ten milliseconds; reading so much takes no longer.
constexpr int kComparedEntriesMax = 2'000;
constexpr std::uintmax_t kComparedBytesMax = std::uintmax_t{16} << 20;

// Where the user's files go: below a private folder of the world, whoever the user is.
void put_user_files(const ExploreRequest& request, TrialPlan& plan) {
  auto& world = plan.world;
  world.home = "/home/" + world.user;
  world.folder = world.home;
  world.env["HOME"] = world.home;
  world.files.push_back(
      {model::WorldFile::Kind::kCopyOfTree, world.home, request.user_files, 0755});
  auto& program = world.command.front();
  if (program.find('/') != std::string::npos) {
    program = (fs::path(request.folder) / program).lexically_normal();
  }
}

// "FOLDER=DIR": what lies in FOLDER of the world must be what lies in DIR of the host. DIR alone:
// where the program starts.
Result<model::TreeExpectation> tree_expectation(const ExploreRequest& request,
                                                const TrialPlan& plan) {
  const size_t equals = request.tree_equals.find('=');
  const bool named = equals != std::string::npos;
  const fs::path folder =
      fs::path(request.folder) / request.tree_equals.substr(named ? equals + 1 : 0);
  auto opened = os::open_fd(folder, O_RDONLY | O_DIRECTORY);
  if (!opened) {
    return model::Error{model::ErrorKind::kUsage,
                        fmt::format("--tree-equals: {}", opened.error().message),
                        "as in --tree-equals out=expected, or --tree-equals expected"};
  }
  auto tree = os::read_file_tree(*opened);
  if (!tree) {
    return tree.error();
  }
  model::ExpectedTree expected;
  expected.path = os::normal_path(plan.world.folder,
                                  named ? request.tree_equals.substr(0, equals) : std::string());
  expected.entries = std::move(*tree);
  model::TreeExpectation expectation;
  expectation.at = expected.path;
  expectation.trees.push_back(std::move(expected));
  return expectation;
}

}  // namespace

std::string command_text(const std::vector<std::string>& command) {
  std::string out;
  for (const auto& word : command) {
    out += (out.empty() ? "" : " ") + model::shell_quoted(word);
  }
  return out;
}

Result<TrialPlan> explore_plan(const ExploreRequest& request) {
  CommandRequest command;
  command.command = request.command;
  command.folder = request.folder;
  command.env = request.env;
  command.deadline_ms = request.deadline_ms;
  TrialPlan plan = make_command_plan(command);
  plan.id = "explore";
  if (!request.user_files.empty()) {
    put_user_files(request, plan);
  }
  if (request.check.empty() && request.tree_equals.empty()) {
    plan.expect.push_back({model::ExitExpectation{0}, ""});
  }
  if (!request.check.empty()) {
    plan.check = {"sh", "-c", request.check};
  }
  if (!request.tree_equals.empty()) {
    auto tree = tree_expectation(request, plan);
    if (!tree) {
      return tree.error();
    }
    plan.collect.push_back({tree->at, ""});
    plan.expect.push_back({std::move(*tree), ""});
  }
  return plan;
}

model::SubjectFacts explored_program(const ExploreRequest& request) {
  model::SubjectFacts facts;
  facts.name = fs::path(request.command.front()).filename();
  facts.origin = "given";
  facts.label = command_text(request.command);
  std::vector<fs::path> candidates = {fs::path(request.folder) / request.command.front()};
  if (request.command.front().find('/') == std::string::npos) {
    candidates.clear();
    auto path = request.env.find("PATH");
    std::string_view rest = path == request.env.end() ? "/usr/bin:/bin" : path->second;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(':'), rest.size());
      candidates.push_back(fs::path(rest.substr(0, end)) / request.command.front());
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  for (const auto& candidate : candidates) {
    std::error_code error;
    const fs::path real = fs::canonical(candidate, error);
    if (!error && ::access(real.c_str(), X_OK) == 0) {
      facts.path = real;
      auto hash = os::sha256_of_file(real);
      facts.sha256 = hash ? *hash : "";
      return facts;
    }
  }
  return facts;
}

bool is_comparable(const ExploreRequest& request) {
  const auto& folder = request.user_files.empty() ? request.folder : request.user_files;
  int entries = 0;
  std::uintmax_t bytes = 0;
  std::error_code error;
  fs::recursive_directory_iterator walk(folder, fs::directory_options::skip_permission_denied,
                                        error);
  for (; !error && walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    std::error_code none;  // no size: no file
    const auto size = walk->is_regular_file(none) ? walk->file_size(none) : 0;
    bytes += none ? 0 : size;
    if (++entries > kComparedEntriesMax || bytes > kComparedBytesMax) {
      return false;
    }
  }
  return !error;
}

void expect_same_files(const model::FileTree& first, const model::FileTree& second,
                       TrialPlan& plan) {
  model::ExpectedTree tree;
  tree.path = plan.world.folder;
  tree.entries = first;
  for (const auto& [path, entry] : first) {
    auto again = second.find(path);
    if (again == second.end() || again->second != entry) {
      tree.may_be.insert(path);
    }
  }
  for (const auto& [path, entry] : second) {
    // A name of its own in every run is a name that no run can be held to.
    tree.others_allowed = tree.others_allowed || !first.contains(path);
  }
  for (const auto& path : tree.may_be) {
    tree.entries.erase(path);
  }
  model::TreeExpectation expectation;
  expectation.at = tree.path;
  expectation.trees.push_back(std::move(tree));
  plan.collect.push_back({expectation.at, ""});
  plan.expect.push_back({std::move(expectation), "the files left depend on the order"});
}

}  // namespace relapse::run
