#include "trial/command_plan.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <sstream>

namespace relapse::run {

namespace fs = std::filesystem;
using model::TrialPlan;

namespace {

// What a world has for itself, so that the host's content is hidden there.
constexpr std::array<const char*, 4> kHidden = {"/tmp", "/home", "/run", "/var/tmp"};

bool is_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

bool is_hidden(const fs::path& path) {
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [&](const char* folder) { return is_below(path, folder); });
}

// The kernel wants an ancestor mounted before what is mounted below it, and once is enough.
class Shown {
 public:
  explicit Shown(TrialPlan& plan) : plan_(plan) {}

  void add(const fs::path& path, bool writable_copy) {
    for (const auto& mount : plan_.world.mounts) {
      if (is_below(path, mount.target)) {
        return;
      }
    }
    plan_.world.mounts.push_back({path, path, writable_copy});
  }

 private:
  TrialPlan& plan_;
};

// A word of the command line that names something hidden: a file is shown with its neighbours,
// unless these are everybody's.
void show_word(const std::string& word, const fs::path& folder, Shown& shown) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(folder / word, error);
  if (error || word.empty() || !fs::exists(path, error) || !is_hidden(path)) {
    return;
  }
  const fs::path parent = path.parent_path();
  const bool alone = fs::is_directory(path, error) || parent.parent_path() == "/" ||
                     parent.parent_path() == "/home" || parent == "/var/tmp";
  shown.add(alone ? path : parent, false);
}

// Tools that a version manager keeps in a home: the folder above bin holds what they need.
void show_path(const std::string& path, Shown& shown) {
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    std::error_code error;
    const fs::path real = fs::canonical(folder, error);
    if (!error && is_hidden(real)) {
      shown.add(real.filename() == "bin" ? real.parent_path() : real, false);
    }
  }
}

// The folder, and the home where it is asked for: the outer one first. Both are mounted, even one
// in the other: the inner may be a file system of its own, which the outer's copy would not show.
void show_folders(const CommandRequest& request, TrialPlan& plan) {
  std::set<fs::path> folders = {request.folder};
  if (request.own_home) {
    auto given = request.env.find("HOME");
    const fs::path home = given != request.env.end() ? given->second : plan.world.home;
    std::error_code error;
    if (home.is_absolute() && fs::is_directory(home, error)) {
      plan.world.home = home;
      folders.insert(home.lexically_normal());
    }
  }
  folders.erase("/");
  for (const auto& folder : folders) {
    plan.world.mounts.push_back({folder, folder, true});
  }
}

}  // namespace

TrialPlan make_command_plan(const CommandRequest& request) {
  TrialPlan plan;
  plan.id = "command";
  plan.fakes = nlohmann::json::object();
  plan.quiet_ms = request.quiet_ms;
  plan.deadline_ms = request.deadline_ms;
  plan.standard_input = request.standard_input;
  auto& world = plan.world;
  world.uid = ::geteuid();
  const passwd* user = ::getpwuid(world.uid);
  world.user = user != nullptr ? user->pw_name : "user";
  // A service's user often has a home that nobody made (/nonexistent).
  std::error_code error;
  const bool has_home = user != nullptr && fs::is_directory(user->pw_dir, error);
  world.home = has_home ? std::string(user->pw_dir) : "/home/" + world.user;
  world.folder = request.folder;
  world.command = request.command;
  world.env = request.env;
  world.env.emplace("PATH", "/usr/local/bin:/usr/bin:/bin");

  Shown shown(plan);
  show_folders(request, plan);
  for (const auto& word : request.command) {
    show_word(word, request.folder, shown);
  }
  show_path(world.env["PATH"], shown);
  return plan;
}

}  // namespace relapse::run
