// The price of a world against bubblewrap's of the same namespaces, by turns, as medians.
//
// Each is timed from its spawn until it is reaped, but the last:
// - world_start_vs_bwrap: `relapse-zygote --once`, a fresh process that builds the template and
//   everything else, control groups with limits included, and runs /bin/true in one world;
// - world_start_supervised_vs_bwrap: world_one_shot, a fresh process of a program like relapse that
//   starts the zygote as its child and does the same through it, event loop and messages included;
// - world_in_process_vs_bwrap: from a running zygote, one world after the other, each from its
//   request until it is gone. While one runs, the zygote makes the next ahead.
// bwrap makes the same namespaces, user, private folders and mounts, and no control groups.

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "one_world.h"
#include "os/message.h"

namespace {

constexpr int kRounds = 150;
constexpr int kWarmUpRounds = 10;

bool spawn_and_reap(std::vector<std::string> argv) {
  std::vector<char*> arguments;
  for (auto& argument : argv) {
    arguments.push_back(argument.data());
  }
  arguments.push_back(nullptr);
  pid_t pid = -1;
  int status = 0;
  return ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ) == 0 &&
         ::waitpid(pid, &status, 0) == pid && status == 0;
}

struct Case {
  std::string name;
  std::function<bool()> run;
  std::vector<double> times_ms = {};

  double quantile(double share) {
    std::sort(times_ms.begin(), times_ms.end());
    return times_ms.at(static_cast<size_t>(share * static_cast<double>(times_ms.size() - 1)));
  }
};

bool time_once(Case& one, bool keep) {
  const auto begin = std::chrono::steady_clock::now();
  if (!one.run()) {
    (void)std::fprintf(stderr, "world_bench: %s did not work\n", one.name.c_str());
    return false;
  }
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  if (keep) {
    one.times_ms.push_back(took.count());
  }
  return true;
}

}  // namespace

// world_bench [FILE]: the ratios as a JSON object go to FILE, or to stdout.
int main(int argc, char** argv) {
  boost::asio::io_context io;
  auto zygote = relapse::world::Zygote::start(io);
  if (!zygote) {
    (void)std::fprintf(stderr, "world_bench: %s\n", zygote.error().text().c_str());
    return 1;
  }
  const auto beside = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const auto program = std::filesystem::read_symlink(fmt::format("/proc/{}/exe", (*zygote)->pid()));
  // A path that a child can open, of a file that needs no cleaning up.
  auto text = relapse::os::text_as_fd(relapse::model::to_json(one_world()).dump());
  if (!text) {
    (void)std::fprintf(stderr, "world_bench: %s\n", text.error().text().c_str());
    return 1;
  }
  const std::string description = fmt::format("/proc/{}/fd/{}", ::getpid(), text->get());
  std::vector<Case> cases = {
      {"bwrap",
       [] {
         return spawn_and_reap(
             {"bwrap",      "--unshare-all", "--uid",       "1000",        "--gid",
              "1000",       "--hostname",    "relapse",     "--ro-bind",   "/",
              "/",          "--tmpfs",       "/home",       "--dir",       "/home/user",
              "--tmpfs",    "/tmp",          "--tmpfs",     "/run",        "--tmpfs",
              "/var/tmp",   "--ro-bind",     "/etc/passwd", "/etc/passwd", "--ro-bind",
              "/etc/group", "/etc/group",    "--ro-bind",   "/sys",        "/sys",
              "--dev",      "/dev",          "--proc",      "/proc",       "/bin/true"});
       }},
      {"relapse-zygote --once",
       [&] {
         return spawn_and_reap({program.string(), "--once", description});
       }},
      {"with a supervisor", [&] { return spawn_and_reap({beside / "world_one_shot"}); }},
      {"from a running zygote", [&] { return run_one_world(io, **zygote); }},
      {"/bin/true alone", [] { return spawn_and_reap({"/bin/true"}); }},
  };
  for (int round = 0; round < kWarmUpRounds + kRounds; ++round) {
    for (auto& one : cases) {
      if (!time_once(one, round >= kWarmUpRounds)) {
        return 1;
      }
    }
  }
  for (auto& one : cases) {
    (void)std::fprintf(stderr, "%-24s p50 %6.2f ms   p90 %6.2f ms   %.2f of bwrap\n",
                       one.name.c_str(), one.quantile(0.5), one.quantile(0.9),
                       one.quantile(0.5) / cases[0].quantile(0.5));
  }
  const double bwrap = cases[0].quantile(0.5);
  const nlohmann::json ratios = {
      {"world_start_vs_bwrap", cases[1].quantile(0.5) / bwrap},
      {"world_start_supervised_vs_bwrap", cases[2].quantile(0.5) / bwrap},
      {"world_in_process_vs_bwrap", cases[3].quantile(0.5) / bwrap}};
  const std::string line = ratios.dump() + "\n";
  if (argc > 1) {
    std::ofstream out(argv[1]);
    return (out << line).flush() ? 0 : 1;
  }
  return std::fputs(line.c_str(), stdout) < 0 ? 1 : 0;
}
