#include "any/explore_plan.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>

#include "os/file_tree.h"
#include "os/subject_view.h"

namespace relapse::run {

namespace fs = std::filesystem;
using model::Result;
using model::TrialPlan;

namespace {

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

Result<TrialPlan> explore_plan(const ExploreRequest& request) {
  TrialPlan plan = plan_for(request);
  plan.id = "explore";
  if (request.check.empty() && request.tree_equals.empty()) {
    plan.expect.push_back({model::ExitExpectation{0}, ""});
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

model::ExpectedTree left_by_both(const model::FileTree& first, const model::FileTree& second,
                                 const std::string& folder) {
  model::ExpectedTree tree;
  tree.path = folder;
  for (const auto& [path, entry] : first) {
    auto again = second.find(path);
    if (again != second.end() && again->second == entry) {
      tree.entries.emplace(path, entry);
    } else {
      tree.may_be.insert(path);
    }
  }
  for (const auto& [path, entry] : second) {
    // A name of its own in every run is a name that no run can be held to.
    tree.others_allowed = tree.others_allowed || !first.contains(path);
  }
  return tree;
}

void expect_same_files(const model::FileTree& first, const model::FileTree& second,
                       TrialPlan& plan) {
  model::ExpectedTree tree = left_by_both(first, second, plan.world.folder);
  model::TreeExpectation expectation;
  expectation.at = tree.path;
  expectation.trees.push_back(std::move(tree));
  plan.collect.push_back({expectation.at, ""});
  plan.expect.push_back({std::move(expectation), "the files left depend on the order"});
}

}  // namespace relapse::run
