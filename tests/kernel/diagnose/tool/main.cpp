// Runs one command and prints what the diagnosis says of it: for work on the diagnosis itself.
//   diagnose_tool [--quiet-ms N] [--limit-s N] [--full] [--silent-input] -- COMMAND...

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>

#include "../trial.h"

using relapse::model::to_word;

int main(int argc, char** argv) {
  relapse::test::TrialPlan plan;
  int at = 1;
  for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) {
    if (std::strcmp(argv[at], "--quiet-ms") == 0 && at + 1 < argc) {
      plan.settings.quiet_ms = std::atof(argv[++at]);
    } else if (std::strcmp(argv[at], "--limit-s") == 0 && at + 1 < argc) {
      plan.limit_s = std::atof(argv[++at]);
    } else if (std::strcmp(argv[at], "--full") == 0) {
      plan.stop_at_hang = false;
    } else if (std::strcmp(argv[at], "--silent-input") == 0) {
      plan.input = "silent";
    }
  }
  for (++at; at < argc; ++at) {
    plan.command.emplace_back(argv[at]);
  }
  if (plan.command.empty()) {
    fmt::print(stderr, "no command\n");
    return 2;
  }
  auto result = relapse::test::run_trials({plan}, 1).front();
  const auto& d = result.diagnosis;
  auto party = [](const auto& who, const auto& fd) {
    return who ? fmt::format("{} pid {} fd {}", who->name, who->pid, fd ? *fd : -1)
               : std::string("null");
  };
  fmt::print("verdict {} proof {} cause {} after {:.1f} s (quiet {:.1f} s, analysis {:.1f} ms)\n",
             to_word(d.verdict), to_word(d.proof), to_word(d.cause), result.seconds,
             d.quiet_ms / 1e3, d.analysis_ms);
  fmt::print("process {} peer {} bytes {}\n{}\n", party(d.process, d.fd), party(d.peer, d.peer_fd),
             d.peer_wrote_bytes ? std::to_string(*d.peer_wrote_bytes) : "?", d.sentence);
  for (const auto& line : d.evidence) {
    fmt::print("  - {}\n", line);
  }
  for (const auto& node : d.nodes) {
    fmt::print("  node {} pid {} {} threads {}: {}\n", node.process.name, node.process.pid,
               node.state, node.threads, node.activity);
  }
  for (const auto& stall : result.stalls) {
    fmt::print("stall {:.1f} s at {:.1f} s {}: {}\n", stall.duration_ms / 1e3, stall.began_ms / 1e3,
               to_word(stall.cause), stall.sentence);
  }
}
