// Every way to stand still that we know of, and everything that only looks like it.

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "catch.h"
#include "os/fd.h"
#include "trial.h"

using relapse::model::Cause;
using relapse::model::Diagnosis;
using relapse::model::Movement;
using relapse::model::Proof;
using relapse::test::run_trials;
using relapse::test::TrialPlan;
using relapse::test::TrialResult;

namespace {

constexpr size_t kAtOnce = 10;
const std::string kSubjects = std::string(RELAPSE_BINARY_DIR) + "/tests/kernel/diagnose/subjects/";
const std::string kRunner =
    std::string(RELAPSE_SOURCE_DIR) + "/tests/kernel/diagnose/subjects/runner.mjs";
const std::string kBusy =
    std::string(RELAPSE_SOURCE_DIR) + "/tests/kernel/diagnose/subjects/busy.mjs";

struct Hang {
  std::string name;
  std::vector<std::string> command;
  Cause cause;
  std::optional<Proof> proof;  // absent: the runtime's own timers decide
  std::string process;
  std::string peer;  // "": nobody
  std::optional<std::uint64_t> bytes = std::nullopt;
};

std::vector<std::string> subject(const std::string& program, const std::string& name) {
  return {kSubjects + "subject_" + program, name};
}

TrialPlan plan_for(const std::string& name, const std::vector<std::string>& command) {
  TrialPlan plan;
  plan.name = name;
  plan.command = command;
  plan.settings.quiet_ms = 500;
  return plan;
}

std::string text_of(const Diagnosis& d, double seconds) {
  std::string text = fmt::format("{} {} {} after {:.1f} s: {}", to_word(d.verdict),
                                 to_word(d.proof), to_word(d.cause), seconds, d.sentence);
  for (const std::string& line : d.evidence) {
    text += "\n  " + line;
  }
  return text;
}

}  // namespace

TEST_CASE("each kind of hang is told by its cause, its end and its holder") {
  const auto proved = Proof::kProved;
  const auto evidence = Proof::kEvidence;
  const std::vector<Hang> hangs = {
      {"stdin", subject("streams", "stdin-open"), Cause::kStdinOpen, proved, "agent",
       "subject_streams", 0},
      {"stdin in a thread", subject("streams", "stdin-thread"), Cause::kStdinOpen, proved, "agent",
       "subject_streams", 0},
      {"stdin with housekeeping", subject("streams", "stdin-poll"), Cause::kStdinOpen, evidence,
       "agent", "subject_streams", 0},
      {"stdin of a pair, after a line", subject("streams", "stdin-pair"), Cause::kStdinOpen, proved,
       "agent", "subject_streams"},
      {"stdin under a shell",
       {"sh", "-c", subject("streams", "stdin-open")[0] + " stdin-open; :"},
       Cause::kStdinOpen,
       proved,
       "agent",
       "subject_streams",
       0},
      {"stdin from node",
       {"node", kRunner, "open"},
       Cause::kStdinOpen,
       evidence,
       "node",
       "node",
       0},
      {"stdin from a node with a heartbeat",
       {"node", kRunner, "heartbeat"},
       Cause::kStdinOpen,
       evidence,
       "node",
       "node",
       0},
      {"leaked write end", subject("streams", "write-end-leaked"), Cause::kWriteEndLeaked, proved,
       "leaker", "leaker"},
      {"another pipe", subject("streams", "pipe-empty"), Cause::kPipeEmpty, proved, "worker",
       "subject_streams"},
      {"full pipe", subject("streams", "pipe-full"), Cause::kPipeFull, proved, "writer",
       "subject_streams"},
      {"orphan", subject("streams", "orphan"), Cause::kOrphanHoldsOutput, evidence,
       "subject_streams", "orphan"},
      {"FIFO", subject("streams", "fifo"), Cause::kFifoOpen, evidence, "subject_streams", ""},
      {"terminal", subject("streams", "terminal"), Cause::kTerminal, proved, "prompt",
       "subject_streams"},
      {"mutex cycle", subject("locks", "cycle"), Cause::kFutex, proved, "subject_locks",
       "subject_locks"},
      {"mutex cycle beside a heartbeat", subject("locks", "cycle-heartbeat"), Cause::kFutex, proved,
       "subject_locks", "subject_locks"},
      {"mutex held", subject("locks", "held"), Cause::kFutex, evidence, "subject_locks",
       "subject_locks"},
      {"mutex of itself", subject("locks", "itself"), Cause::kFutex, proved, "subject_locks",
       "subject_locks"},
      {"mutex over a fork", subject("locks", "over-fork"), Cause::kFutex, proved, "forked",
       "forked"},
      {"flock", subject("locks", "flock"), Cause::kFileLock, proved, "wanter", "subject_locks"},
      {"POSIX lock", subject("locks", "posix"), Cause::kFileLock, proved, "wanter",
       "subject_locks"},
      {"OFD lock", subject("locks", "ofd"), Cause::kFileLock, proved, "wanter", "subject_locks"},
      {"no reply", subject("sockets", "no-reply"), Cause::kSocketReply, evidence, "subject_sockets",
       "server"},
      {"both sides read", subject("sockets", "reads-on"), Cause::kSocketReply, proved,
       "subject_sockets", "server"},
      {"never accepts", subject("sockets", "never-accepts"), Cause::kSocketReply, evidence,
       "subject_sockets", "server"},
      {"UNIX socket", subject("sockets", "unix-no-reply"), Cause::kSocketReply, evidence,
       "subject_sockets", "server"},
      {"UNIX socket, never accepts", subject("sockets", "unix-never-accepts"), Cause::kSocketReply,
       evidence, "subject_sockets", "server"},
      {"a server's output", subject("sockets", "server-as-child"), Cause::kAccept, evidence,
       "server", ""},
      {"child", subject("others", "child"), Cause::kChild, evidence, "subject_others", "endless"},
      {"stopped", subject("others", "stopped"), Cause::kStopped, evidence, "halted", ""},
      {"pause", subject("others", "pause"), Cause::kSignalWait, evidence, "subject_others", ""},
  };
  std::vector<TrialPlan> plans;
  plans.reserve(hangs.size());
  for (const Hang& hang : hangs) {
    plans.push_back(plan_for(hang.name, hang.command));
  }
  auto results = run_trials(plans, kAtOnce);
  for (size_t i = 0; i < hangs.size(); ++i) {
    const Hang& want = hangs[i];
    const Diagnosis& d = results[i].diagnosis;
    INFO(want.name << ": " << text_of(d, results[i].seconds));
    CHECK(d.verdict == Movement::kHang);
    CHECK(to_word(d.cause) == to_word(want.cause));
    if (want.proof) {
      CHECK(to_word(d.proof) == to_word(*want.proof));
    }
    CHECK((d.process ? d.process->name : "") == want.process);
    CHECK((d.peer ? d.peer->name : "") == want.peer);
    // On a busy machine the first look may come too late to say so much.
    if (want.bytes && d.peer_wrote_bytes) {
      CHECK(*d.peer_wrote_bytes == *want.bytes);
    }
    if (want.name == "stdin of a pair, after a line") {
      CHECK(d.peer_wrote_bytes != std::uint64_t{0});  // six, before anybody could look
    }
    CHECK_FALSE(d.evidence.empty());
    CHECK_FALSE(d.nodes.empty());
  }
}

TEST_CASE("what goes on by itself is never called a hang, however small the quiet period") {
  struct Going {
    std::string name;
    std::vector<std::string> command;
    Movement verdict;
    Cause cause = Cause::kNone;
  };
  const std::string streams = kSubjects + "subject_streams";
  const std::vector<Going> going = {
      {"written after 4 s", subject("streams", "written-after-4s"), Movement::kEnded},
      {"grace of 3 s", subject("streams", "grace-3s"), Movement::kEnded},
      {"slow reader", subject("streams", "slow-reader"), Movement::kEnded},
      {"receive timeout", subject("streams", "receive-timeout"), Movement::kEnded},
      {"lock for 4 s", subject("locks", "lock-4s"), Movement::kEnded},
      {"condition after 4 s", subject("locks", "condition-4s"), Movement::kEnded},
      {"timed condition", subject("locks", "timed-condition"), Movement::kEnded},
      {"reply after 4 s", subject("sockets", "reply-4s"), Movement::kEnded},
      {"reply of a node after 4 s", {"node", kRunner, "slow-server"}, Movement::kEnded},
      {"alarm", subject("others", "alarm"), Movement::kEnded},
      {"POSIX timer", subject("others", "posix-timer"), Movement::kEnded},
      {"slow vfork", subject("others", "slow-vfork"), Movement::kEnded},
      {"stdin ignored", {"sh", "-c", "node " + kRunner + " ignore"}, Movement::kEnded},
      {"pipeline", {"sh", "-c", "{ sleep 4; echo x; } | cat"}, Movement::kEnded},
      {"time limit of its own", {"sh", "-c", "sleep 30 | timeout 6 cat; :"}, Movement::kProgress},
      {"busy", subject("others", "busy"), Movement::kProgress, Cause::kCpu},
      {"disk", subject("others", "slow-disk"), Movement::kProgress},
      {"retries", subject("others", "retries"), Movement::kProgress},
      {"retries of a node", {"node", kRunner, "interval"}, Movement::kProgress},
      {"idle server", subject("sockets", "idle-server"), Movement::kProgress, Cause::kAccept},
      {"idle server under a shell",
       {"sh", "-c", subject("sockets", "idle-server")[0] + " idle-server; :"},
       Movement::kProgress,
       Cause::kAccept},
      {"sleep", {"sleep", "1000"}, Movement::kProgress, Cause::kTimer},
      {"a shell's loop", {"sh", "-c", "while :; do sleep 0.3; done"}, Movement::kProgress},
      {"a shell's read with a limit",
       {"bash", "-c", "sleep 9 | { read -t 7 x; true; }"},
       Movement::kEnded},
      {"make -j",
       {"sh", "-c", "printf 'all: a b c\\na b c:\\n\\tsleep 4\\n' | make -s -j2 -f -"},
       Movement::kEnded},
  };
  std::vector<TrialPlan> plans;
  for (const Going& one : going) {
    plans.push_back(plan_for(one.name, one.command));
    plans.back().limit_s = one.verdict == Movement::kEnded ? 15 : 7.5;
  }
  auto results = run_trials(plans, kAtOnce);
  for (size_t i = 0; i < going.size(); ++i) {
    INFO(going[i].name << ": " << text_of(results[i].diagnosis, results[i].seconds));
    CHECK(to_word(results[i].diagnosis.verdict) == to_word(going[i].verdict));
    if (going[i].cause != Cause::kNone) {
      CHECK(to_word(results[i].diagnosis.cause) == to_word(going[i].cause));
    }
  }
}

TEST_CASE("hundreds of looks at programs at work find no hang") {
  const std::string script =
      "i=0; while [ $i -lt 400 ]; do i=$((i+1)); head -c 3000 /dev/zero | cat | wc -c; done";
  std::vector<std::vector<std::string>> commands = {
      {"sh", "-c", script},
      {"sh", "-c", "while :; do printf 'a:\n\ttrue\n' | make -s -f - a; done"},
      {"node", kBusy, "children"},
      {"node", kBusy, "threads"},
      {"node", kBusy, "server"},
      {"sh", "-c", "dd if=/dev/zero of=big bs=64k count=4000 oflag=dsync"},
      {"sh", "-c", "while :; do (flock 9; sleep 0.1) 9>lock & (flock 9; sleep 0.1) 9>lock; done"},
      {"sh", "-c", "yes | { while read x; do sleep 0.05; done; }"},
  };
  std::vector<TrialPlan> plans;
  for (const auto& command : commands) {
    plans.push_back(plan_for(command.back(), command));
    auto& plan = plans.back();
    plan.limit_s = 8;
    plan.settings.quiet_ms = 100;
    plan.settings.sample_ms = plan.settings.collect_ms = plan.settings.busy_ms = 30;
  }
  int looks = 0;
  auto results = run_trials(plans, plans.size());
  for (size_t i = 0; i < plans.size(); ++i) {
    INFO(plans[i].name << ": " << text_of(results[i].diagnosis, results[i].seconds));
    CHECK(results[i].diagnosis.verdict != Movement::kHang);
    looks += results[i].looks;
  }
  CHECK(looks >= 100);  // a slow machine gets to fewer, and they must still be many
}

TEST_CASE("a lock cycle is a hang although its parent prints a heartbeat") {
  auto result = run_trials({plan_for("cycle", subject("locks", "file-cycle"))}, 1).front();
  INFO(text_of(result.diagnosis, result.seconds));
  CHECK(result.diagnosis.verdict == Movement::kHang);
  CHECK(result.diagnosis.cause == Cause::kFileLock);
  CHECK(result.diagnosis.proof == Proof::kProved);
}

TEST_CASE("a grace period shows as a stall with its cause and length") {
  auto plan = plan_for("grace", subject("streams", "grace-3s"));
  plan.settings.quiet_ms = 5000;
  auto result = run_trials({plan}, 1).front();
  CHECK(result.diagnosis.verdict == Movement::kEnded);
  REQUIRE(result.stalls.size() == 1);
  CHECK(to_word(result.stalls[0].cause) == "stdin-open");
  CHECK(result.stalls[0].duration_ms > 2000);
  CHECK(result.stalls[0].duration_ms < 4500);
}

TEST_CASE("a fake that holds its reply for ever is a cause; one with a reply due is not") {
  // The fake's socket is ours, as a supervisor's is.
  relapse::os::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  REQUIRE(::bind(listener.get(), generic, size) == 0);
  REQUIRE(::listen(listener.get(), 8) == 0);
  REQUIRE(::getsockname(listener.get(), generic, &size) == 0);
  const int port = ntohs(address.sin_port);
  std::vector<relapse::os::Fd> accepted;
  auto knowledge = [&](bool for_ever) {
    return [&, for_ever](int, double spent_ms) {
      relapse::diagnose::Knowledge known;
      relapse::diagnose::FakeFact fake{"model", port, {}};
      sockaddr_in from{};
      socklen_t length = sizeof from;
      int fd = ::accept4(listener.get(), reinterpret_cast<sockaddr*>(&from), &length,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
      static std::map<bool, int> client_ports;
      if (fd >= 0) {
        accepted.emplace_back(fd);
        client_ports[for_ever] = ntohs(from.sin_port);
      }
      relapse::diagnose::PendingReply reply;
      reply.client_port = client_ports[for_ever];
      reply.for_ever = for_ever;
      reply.due_ms = for_ever ? std::nullopt : std::optional(60000 - spent_ms);
      fake.pending.push_back(reply);
      known.fakes.push_back(fake);
      return known;
    };
  };
  auto command = std::vector<std::string>{"env", fmt::format("PORT={}", port),
                                          kSubjects + "subject_sockets", "ask-outside"};
  ::fcntl(listener.get(), F_SETFL, O_NONBLOCK);
  auto held = plan_for("held", command);
  held.knowledge = knowledge(true);
  auto due = plan_for("due", command);
  due.knowledge = knowledge(false);
  due.limit_s = 7;
  auto first = run_trials({held}, 1).front();
  INFO(text_of(first.diagnosis, first.seconds));
  CHECK(first.diagnosis.verdict == Movement::kHang);
  CHECK(first.diagnosis.cause == Cause::kSocketReply);
  REQUIRE(first.diagnosis.peer);
  CHECK(first.diagnosis.peer->name == "model");
  auto second = run_trials({due}, 1).front();
  INFO(text_of(second.diagnosis, second.seconds));
  CHECK(second.diagnosis.verdict == Movement::kProgress);
  CHECK(second.diagnosis.cause == Cause::kSocketReply);
}

TEST_CASE("a root whose input we hold ourselves without a word hangs on us") {
  auto plan = plan_for("cat", {"cat"});
  plan.input = "silent";
  auto result = run_trials({plan}, 1).front();
  INFO(text_of(result.diagnosis, result.seconds));
  CHECK(result.diagnosis.verdict == Movement::kHang);
  CHECK(result.diagnosis.cause == Cause::kStdinOpen);
  REQUIRE(result.diagnosis.peer);
  CHECK(result.diagnosis.peer->host_pid == ::getpid());
}
