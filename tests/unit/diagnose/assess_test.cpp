#include "diagnose/assess.h"

#include <csignal>

#include "catch.h"
#include "scene.h"

using namespace relapse::test;  // NOLINT: the scene's words
using relapse::diagnose::WaitKind;
using relapse::model::Cause;
using relapse::model::Movement;
using relapse::model::Proof;

namespace {

// A runner that waits for its agent, whose standard input it holds open.
Scene held_open(d::Wait agent_wait = Scene::input(0)) {
  Scene scene;
  scene.process(10, 1, "runner", Scene::child());
  scene.process(11, 10, "agent", std::move(agent_wait));
  scene.read_end(11, 0, 500);
  scene.write_end(10, 7, 500);
  return scene;
}

}  // namespace

TEST_CASE("an input held open by who waits for the reader is a proved hang") {
  auto result = held_open().assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.proof == Proof::kProved);
  CHECK(result.cause == Cause::kStdinOpen);
  CHECK(result.process->name == "agent");
  CHECK(result.fd == 0);
  CHECK(result.peer->name == "runner");
  CHECK(result.peer_fd == 7);
}

TEST_CASE("the quiet period is asked for before any verdict") {
  Scene scene = held_open();
  scene.history.processes[11].quiet_ms = 4000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.settings.quiet_ms = 3000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("the waiter's own time-out makes evidence of it, after the floor") {
  Scene scene = held_open(Scene::events({0, 3}, 7400));
  scene.read_end(11, 3, 600);  // an event loop has more than its input
  scene.write_end(11, 4, 600);
  scene.settings.quiet_ms = 500;
  scene.history.processes[11].quiet_ms = 4900;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.history.processes[11].quiet_ms = 5100;
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.proof == Proof::kEvidence);
  CHECK(result.cause == Cause::kStdinOpen);
}

TEST_CASE("a time-out on the input alone is waited out, however long") {
  Scene scene = held_open(Scene::events({0}, 40000));
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
  CHECK(scene.assess().diagnosis.cause == Cause::kTimer);
  scene.history.threads[11].firings = {{50000, 40000}, {90000, 40000}};
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("a conversation is given more time than a silent input") {
  Scene scene = held_open(Scene::events({0, 3}, 7400));
  scene.read_end(11, 3, 600);
  scene.write_end(11, 4, 600);
  scene.history.inputs[{11, 0}] = {20000, true, true, 5};
  scene.history.processes[11].quiet_ms = 8000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.history.processes[11].quiet_ms = 11000;
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.peer_wrote_bytes == 5U);
}

TEST_CASE("a holder's short timer is waited out once, its heartbeat is not") {
  Scene scene = held_open(Scene::events({0}));
  scene.read_end(10, 8, 501);
  scene.write_end(11, 1, 501);
  scene.get(10).threads[0].wait = Scene::events({8}, 8000);
  auto pending = scene.assess().diagnosis;
  CHECK(pending.verdict == Movement::kProgress);
  CHECK(pending.cause == Cause::kTimer);
  scene.history.threads[10].firings = {{90000, 8000}};
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
  scene.history.threads[10].firings.clear();
  scene.get(10).threads[0].wait = Scene::events({8}, 30000);
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("a holder that sleeps, runs or writes to a disk may still write") {
  for (auto kind : {WaitKind::kSleep, WaitKind::kRuns, WaitKind::kDisk}) {
    Scene scene = held_open();
    scene.get(10).threads[0].wait = Scene::wait(kind);
    CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
  }
}

TEST_CASE("ten idle threads neither hide the reader nor make a cause") {
  Scene scene = held_open(Scene::futex());
  scene.thread(11, 12, Scene::input(0));
  for (int tid = 13; tid < 23; ++tid) {
    scene.thread(11, tid, Scene::futex());
  }
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.cause == Cause::kStdinOpen);
}

TEST_CASE("a helper thread's plain sleep is waited out") {
  Scene scene = held_open();
  scene.thread(11, 12, Scene::sleep(20000));
  CHECK(scene.assess().diagnosis.cause == Cause::kTimer);
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
  scene.history.threads[12].firings = {{50000, 20000}, {70000, 20000}};
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("a timer that was set for longer than ever before is not spent") {
  Scene scene;
  scene.process(10, 1, "waiter", Scene::events({5}, 60000));
  scene.pair(10, 5, 10, 6, 500);
  scene.fd(10, 7, o::FdKind::kPipe, 600, 0);
  scene.process(11, 10, "child", Scene::wait(WaitKind::kSignal));
  scene.get(10).caught = std::uint64_t{1} << (SIGCHLD - 1);
  scene.history.threads[10].firings = {{50000, 1000}, {51000, 1000}};
  CHECK(scene.assess().diagnosis.cause == Cause::kTimer);
  scene.get(10).threads[0].wait.timeout_ms = 1200;
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.proof == Proof::kEvidence);
  CHECK(result.cause == Cause::kChild);
}

TEST_CASE("a child that waits only for itself is proved stuck under any timer of its parent") {
  Scene scene;
  scene.process(10, 1, "waiter", Scene::events({}, 60000));
  scene.get(10).caught = std::uint64_t{1} << (SIGCHLD - 1);
  scene.process(11, 10, "child", Scene::futex());
  scene.settings.quiet_ms = 500;
  scene.history.processes[11].quiet_ms = 4000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.history.processes[11].quiet_ms = 6000;
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.proof == Proof::kProved);
  CHECK(result.cause == Cause::kFutex);
}

TEST_CASE("the only write end in the reader's own hands is a leak; in a child's too it is not") {
  Scene scene;
  scene.process(10, 1, "make", Scene::input(3));
  scene.read_end(10, 3, 500);
  scene.write_end(10, 4, 500);
  CHECK(scene.assess().diagnosis.cause == Cause::kWriteEndLeaked);
  scene.process(11, 10, "job", Scene::wait(WaitKind::kRuns));
  scene.write_end(11, 4, 500);
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
}

TEST_CASE("an event loop's own pipe is not a leak") {
  Scene scene;
  scene.process(10, 1, "loop", Scene::events({3, 0}));
  scene.read_end(10, 3, 500);
  scene.write_end(10, 4, 500);
  scene.read_end(10, 0, 501);
  scene.process(9, 1, "outer", Scene::wait(WaitKind::kSignal)).inside = false;
  scene.write_end(9, 5, 501);
  auto result = scene.assess().diagnosis;
  CHECK(result.cause == Cause::kStdinOpen);
  CHECK(result.peer->name == "outer");
  CHECK(result.proof == Proof::kEvidence);
}

TEST_CASE("two threads that own each other's lock hang whatever a third does") {
  Scene scene;
  scene.process(10, 1, "program", Scene::sleep(300));
  scene.thread(10, 11, Scene::owned(12));
  scene.thread(10, 12, Scene::owned(11));
  scene.history.processes[10].quiet_ms = 0;
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.proof == Proof::kProved);
  CHECK(result.cause == Cause::kFutex);
  scene.history.threads[11].still_ms = scene.history.threads[12].still_ms = 1000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
}

TEST_CASE("a server that waits for clients is idle, unless its output is awaited") {
  Scene scene;
  scene.process(10, 1, "server", Scene::wait(WaitKind::kAccept));
  scene.get(10).threads[0].wait.fds = {{3, true, false}};
  scene.tcp(10, 3, 500, 8080, 0, o::SocketState::kListening);
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
  CHECK(scene.assess().diagnosis.cause == Cause::kAccept);

  Scene awaited;
  awaited.process(9, 1, "runner", Scene::input(5));
  awaited.process(10, 9, "server", Scene::wait(WaitKind::kAccept));
  awaited.get(10).threads[0].wait.fds = {{3, true, false}};
  awaited.tcp(10, 3, 500, 8080, 0, o::SocketState::kListening);
  awaited.read_end(9, 5, 600);
  awaited.write_end(10, 1, 600);
  CHECK(awaited.assess().diagnosis.verdict == Movement::kHang);
  CHECK(awaited.assess().diagnosis.cause == Cause::kAccept);
}

TEST_CASE("a reply that is due is progress, one held for ever is a hang") {
  Scene scene;
  scene.process(10, 1, "client", Scene::input(3));
  scene.tcp(10, 3, 500, 40000, 8080);
  scene.snapshot.knowledge.fakes = {{"model", 8080, {{40000, false, 4000}}}};
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
  CHECK(scene.assess().diagnosis.cause == Cause::kSocketReply);
  scene.snapshot.knowledge.fakes[0].pending[0] = {40000, true, std::nullopt};
  auto result = scene.assess().diagnosis;
  CHECK(result.verdict == Movement::kHang);
  CHECK(result.peer->name == "model");
}

TEST_CASE("whom we cannot see is given longer") {
  Scene scene;
  scene.process(10, 1, "client", Scene::input(3));
  scene.tcp(10, 3, 500, 40000, 443);
  scene.history.processes[10].quiet_ms = 20000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.history.processes[10].quiet_ms = 31000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("a terminal with a person at it, and facts that we may not see, are undecided") {
  Scene scene;
  scene.process(10, 1, "prompt", Scene::input(0));
  scene.fd(10, 0, o::FdKind::kTerminal, 5).terminal_index = 3;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  CHECK(scene.assess().diagnosis.cause == Cause::kTerminal);
  Scene hidden;
  hidden.process(10, 1, "secret", Scene::wait(WaitKind::kUnseen));
  CHECK(hidden.assess().diagnosis.verdict == Movement::kUndecided);
}

TEST_CASE("an output that we read ourselves is nobody's hang") {
  Scene scene;
  scene.process(10, 1, "writer", Scene::output(1));
  scene.write_end(10, 1, 500);
  d::ProcessFact self;
  self.host_pid = 1;
  self.inside = false;
  scene.snapshot.processes.push_back(self);
  scene.read_end(1, 20, 500);
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
}

TEST_CASE("a full pipe whose reader waits for the writer's end") {
  Scene scene;
  scene.process(10, 1, "parent", Scene::child());
  scene.process(11, 10, "writer", Scene::output(1));
  scene.write_end(11, 1, 500);
  scene.read_end(10, 5, 500);
  auto result = scene.assess().diagnosis;
  CHECK(result.cause == Cause::kPipeFull);
  CHECK(result.proof == Proof::kProved);
  CHECK(result.peer->name == "parent");
}

TEST_CASE("the end of an output held by an orphan is not its child's fault") {
  Scene scene;
  scene.process(10, 1, "runner", Scene::input(5));
  scene.read_end(10, 5, 500);
  scene.process(12, 1, "orphan", Scene::wait(WaitKind::kSignal)).orphan = true;
  scene.write_end(12, 1, 500);
  auto result = scene.assess().diagnosis;
  CHECK(result.cause == Cause::kOrphanHoldsOutput);
  CHECK(result.process->name == "runner");
  CHECK(result.peer->name == "orphan");
}

TEST_CASE("a wait for a signal proves something only where nobody else could send one") {
  Scene scene;
  scene.process(10, 1, "paused", Scene::wait(WaitKind::kSignal));
  CHECK(scene.assess().diagnosis.proof == Proof::kEvidence);
  scene.snapshot.private_world = true;
  CHECK(scene.assess().diagnosis.proof == Proof::kProved);
  scene.process(11, 10, "worker", Scene::wait(WaitKind::kRuns));
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
  CHECK(scene.assess().diagnosis.proof == Proof::kEvidence);
}

TEST_CASE("an alarm that may ring keeps the verdict back") {
  Scene scene;
  scene.process(10, 1, "reader", Scene::wait(WaitKind::kSignal));
  scene.get(10).caught = std::uint64_t{1} << (SIGALRM - 1);
  scene.snapshot.kernel_timers.alarms_due_ms = {600000};
  scene.history.processes[10].quiet_ms = 20000;
  CHECK(scene.assess().diagnosis.verdict == Movement::kUndecided);
  scene.snapshot.kernel_timers.alarms_due_ms.clear();
  CHECK(scene.assess().diagnosis.verdict == Movement::kHang);
}

TEST_CASE("a stopped child is named, not its patient parent") {
  Scene scene;
  scene.process(10, 1, "parent", Scene::child());
  scene.process(11, 10, "halted", Scene::wait(WaitKind::kStopped));
  auto result = scene.assess().diagnosis;
  CHECK(result.cause == Cause::kStopped);
  CHECK(result.process->name == "halted");
}

TEST_CASE("a child without a reason of its own is told by its parent's wait") {
  Scene scene;
  scene.process(10, 1, "parent", Scene::child());
  scene.process(11, 10, "endless", Scene::wait(WaitKind::kSignal));
  auto result = scene.assess().diagnosis;
  CHECK(result.cause == Cause::kChild);
  CHECK(result.process->name == "parent");
  CHECK(result.peer->name == "endless");
}

TEST_CASE("a root that is gone has ended") {
  Scene scene;
  scene.snapshot.root = 99;
  CHECK(scene.assess().diagnosis.verdict == Movement::kEnded);
}

TEST_CASE("a thread that ran while we looked is not still") {
  Scene scene = held_open();
  scene.get(11).threads[0].moved = true;
  auto result = scene.assess().diagnosis;
  CHECK(result.proof != Proof::kProved);
  scene.history.processes[11].cpu_share = 0.5;
  CHECK(scene.assess().diagnosis.verdict == Movement::kProgress);
}
