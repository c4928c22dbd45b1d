#include "canned/canned_record.h"

#include <utility>

namespace relapse::canned {

namespace {

using namespace model;

constexpr const char* kHash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

SubjectFacts agent(const std::string& version) {
  return {"agent", "package", "/opt/agents/claude", kHash, version, "claude-code " + version};
}

SubjectFacts runner(const std::string& label, const std::string& origin) {
  return {"runner", origin, "/srv/relapse/runner.mjs", kHash, "", label};
}

SubjectFacts download(const std::string& origin) {
  return {"guest-download", origin, "/srv/guest-download", kHash, "3f2a91c", "guest-download"};
}

Diagnosis proved_hang() {
  Diagnosis out;
  out.verdict = Movement::kHang;
  out.proof = Proof::kProved;
  out.cause = Cause::kStdinOpen;
  out.process = ProcessRef{7, 40213, "agent", "claude-code 2.1.12"};
  out.fd = 0;
  out.peer = ProcessRef{3, 40209, "runner", ""};
  out.peer_fd = 19;
  out.peer_wrote_bytes = 0;
  out.sentence =
      "agent (claude-code 2.1.12, pid 7) waits for input on fd 0; the other end is fd 19 of "
      "runner (pid 3), which wrote 0 bytes and never closed it";
  out.evidence = {"no output, no CPU, no request to the model for 5.0 s",
                  "all 11 threads of agent wait without a limit"};
  out.nodes = {{*out.process, 11, "waits", "epoll_wait on fd 0 (socket:[81]), no timeout"},
               {*out.peer, 8, "waits", "epoll_wait on fd 21 (pidfd of 7)"}};
  out.edges = {{7, 3, "fd 0 = socket:[81] = fd 19 of runner", Cause::kStdinOpen, false},
               {3, 7, "end of pid 7", Cause::kChild, false}};
  out.quiet_ms = 5000;
  out.analysis_ms = 12.25;
  return out;
}

Diagnosis likely_hang() {
  Diagnosis out;
  out.verdict = Movement::kHang;
  out.proof = Proof::kEvidence;
  out.cause = Cause::kSocketReply;
  out.process = ProcessRef{5, 40300, "agent", ""};
  out.fd = 23;
  out.sentence = "agent (pid 5) waits for a reply on fd 23; 127.0.0.1:8080 took 812 bytes";
  out.evidence = {"it may still time out"};
  out.nodes = {{*out.process, 4, "waits", "epoll_wait on fd 23, timeout 600 s"}};
  out.edges = {{5, std::nullopt, "fd 23 = tcp 127.0.0.1:8080", Cause::kSocketReply, true}};
  out.quiet_ms = 20000;
  out.analysis_ms = 3;
  return out;
}

ScenarioRecord entry(std::string id, std::string component, std::string variant,
                     VerdictKind verdict, double duration_ms) {
  ScenarioRecord out;
  out.id = std::move(id);
  out.component = std::move(component);
  out.variant = std::move(variant);
  out.verdict = verdict;
  out.duration_ms = duration_ms;
  out.calibration = {"fail", "pass", true};
  out.trials = {1, verdict == VerdictKind::kFail ? 1 : 0, std::nullopt};
  out.replay = "relapse run " + out.id + " --seed 42";
  return out;
}

ScenarioRecord agent_entry(VerdictKind verdict, double duration_ms, SubjectFacts runner_facts) {
  auto out = entry("agent-stdin-open", "runner", "", verdict, duration_ms);
  out.subjects = {agent("2.1.12"), std::move(runner_facts)};
  return out;
}

ScenarioRecord specimen_entry(const std::string& name, VerdictKind expected, VerdictKind verdict) {
  auto out = agent_entry(verdict, 6200, runner("runner (" + name + ")", "specimen"));
  out.specimen = SpecimenFacts{name, expected};
  return out;
}

void add_passes(Record& record) {
  record.scenarios.push_back(
      agent_entry(VerdictKind::kPass, 4100, runner("stdin ignored", "given")));

  auto searched =
      entry("guest-download-overlap", "storage", "skills-last", VerdictKind::kPass, 81250.5);
  searched.subjects = {download("reconstruction")};
  searched.trials = {200, 0, std::nullopt};
  searched.schedule = {{"seed", 1}, {"settings", {{"strategy", "portfolio"}, {"trials", 200}}}};
  searched.notes = {"limits by rlimit: no cgroup"};
  record.scenarios.push_back(searched);

  auto slow = agent_entry(VerdictKind::kPass, 7350, runner("stdin closed late", "given"));
  slow.stalls = {{900, 3000, Cause::kStdinOpen, "agent (pid 7) waited for input on fd 0"}};
  record.scenarios.push_back(slow);
}

void add_failures(Record& record) {
  auto tree = entry("guest-download-overlap", "storage", "skills-first", VerdictKind::kFail, 20125);
  using What = TreeDifference::What;
  tree.reason =
      "silent loss: exit 0, but 9 of 28 entries missing, 1 different: missing "
      "/home/user/.claude/skills/school and 6 below it (folder)";
  tree.tree =
      TreeFacts{28,
                9,
                1,
                0,
                {{What::kMissing, "/home/user/.claude/skills/school", "folder", "", 7},
                 {What::kContent, "/home/user/.claude/CLAUDE.md", "10 bytes", "13 bytes", 1}}};
  tree.subjects = {download("given")};
  tree.trials = {17, 1, 17};
  tree.schedule = {
      {"seed", 1},
      {"settings", {{"strategy", "pct"}, {"depth", 3}, {"trials", 200}}},
      {"replays", {{"run", 2}, {"failed", 2}, {"same_order", 2}}},
      {"reduced", {{"switches", 1}, {"of", 11}, {"complete", true}, {"runs", 14}}},
      {"explanation",
       {{"picture",
         "storages.3 (/home/user/.claude)    storages.1 (/home/user/.claude/skills/school)\n"
         "                                   mkdir …/skills/school  ok\n"
         "rmdir …/skills/school  ok  ←\n"
         "                                   readlink …/skills/school  ENOENT"},
        {"sentence",
         "storages.3 removed /home/user/.claude/skills/school after storages.1 had made it and "
         "before it used it."}}}};
  tree.output_tail = "\x1b[31mextract\x1b[0m: ENOENT\r\n```\nexit 1\n";
  tree.replay = "relapse replay out/record.json --scenario guest-download-overlap/skills-first";
  record.scenarios.push_back(tree);

  auto hang = agent_entry(VerdictKind::kFail, 9000, runner("stdin left open", "given"));
  hang.diagnosis = proved_hang();
  hang.reason = hang.diagnosis->sentence;
  hang.control = ControlFacts{"agent's stdin from /dev/null", "ended", 4000};
  record.scenarios.push_back(hang);

  auto likely = entry("model-stalls", "agent", "after-headers", VerdictKind::kFail, 25000);
  likely.subjects = {agent("2.0.1")};
  likely.diagnosis = likely_hang();
  likely.reason = "it did not end within 20 s of quiet";
  likely.control = ControlFacts{"a model that answers", "hang", 20000};
  likely.calibration = {"fail", "", false};
  record.scenarios.push_back(likely);
}

void add_no_answers(Record& record) {
  auto missing = entry("platform-env", "platform", "build", VerdictKind::kInconclusive, 3);
  missing.reason = "there is no subject 'platform'";
  missing.subjects = {{"platform", "missing", "", "", "", ""}};
  missing.calibration = {};
  missing.trials = {};
  record.scenarios.push_back(missing);

  auto broken = entry("platform-env", "platform", "deploy", VerdictKind::kError, 12);
  broken.reason = "clone: Operation not permitted";
  broken.subjects = {{"platform", "given", "/srv/platform", "", "", "platform"}};
  broken.trials = {};
  record.scenarios.push_back(broken);
}

void add_specimens(Record& record) {
  auto caught = specimen_entry("pipe", VerdictKind::kFail, VerdictKind::kFail);
  caught.diagnosis = proved_hang();
  caught.reason = caught.diagnosis->sentence;
  record.scenarios.push_back(caught);

  record.scenarios.push_back(specimen_entry("inherit", VerdictKind::kFail, VerdictKind::kPass));
  record.scenarios.push_back(specimen_entry("ignore", VerdictKind::kPass, VerdictKind::kPass));

  auto alarm = specimen_entry("close", VerdictKind::kPass, VerdictKind::kFail);
  alarm.reason = "exit 1, 0 was expected";
  record.scenarios.push_back(alarm);

  auto silent = specimen_entry("absent", VerdictKind::kFail, VerdictKind::kInconclusive);
  silent.reason = "node is not installed";
  record.scenarios.push_back(silent);
}

void add_hostile(Record& record) {
  auto out = entry("hostile " + hostile(), hostile(), hostile(), VerdictKind::kFail, 1e18);
  out.reason = hostile();
  out.subjects = {{hostile(), hostile(), hostile(), hostile(), hostile(), hostile()}};
  out.calibration = {hostile(), hostile(), false};
  out.diagnosis = likely_hang();
  out.diagnosis->process->name = hostile();
  out.diagnosis->process->detail = hostile();
  out.diagnosis->sentence = hostile();
  out.diagnosis->evidence = {hostile(), "", "# no heading", "1. no list", "- no list"};
  out.diagnosis->nodes = {{*out.diagnosis->process, 1, hostile(), hostile()}};
  out.diagnosis->edges = {{5, 6, hostile(), Cause::kUnknown, false}};
  out.stalls = {{1, 2, Cause::kCpu, hostile()}};
  out.control = ControlFacts{hostile(), hostile(), 0};
  out.tree =
      TreeFacts{1, 1, 0, 0, {{TreeDifference::What::kMissing, hostile(), hostile(), hostile(), 1}}};
  out.injection =
      InjectionFacts{{{"call", {hostile()}}},
                     {{hostile(), hostile(), 2, 1, true}},
                     {{hostile(), hostile(), hostile(), hostile(), 2, hostile(), hostile()},
                      {hostile(), hostile(), hostile(), hostile(), 3, "", hostile()}},
                     nlohmann::json{{"argv", {hostile()}}}};
  out.schedule = {{hostile(), {hostile(), nullptr, 1.5}}};
  out.notes = {hostile()};
  out.output_tail = hostile() + "\n````\n" + hostile();
  out.replay = hostile();
  record.scenarios.push_back(out);
}

}  // namespace

std::string hostile() {
  using namespace std::string_literals;
  return "\xff\xc3\x28\x00|`*_[x](y)~$\\</td><script>alert(1)</script>]]>&amp;\"'\x1b[2J\x07 "
         "\xe2\x80\xae"
         "txt.exe \xe6\x97\xa5\xe6\x9c\xac\n--- end"s;
}

Record record() {
  Record out;
  out.version = "0.1.0";
  out.commit = "1234567";
  out.command = "run";
  out.started = "2026-05-04T03:02:01Z";
  out.duration_ms = 153000.75;
  out.host = {"6.1.0-18-amd64",
              2,
              "root",
              {{"cgroup", "no: read-only"}, {"user-namespaces", "yes"}, {"seccomp-notify", "yes"}}};
  out.seed = 18446744073709551615U;
  out.verdict = VerdictKind::kError;
  add_passes(out);
  add_failures(out);
  add_no_answers(out);
  add_specimens(out);
  add_hostile(out);
  return out;
}

}  // namespace relapse::canned
