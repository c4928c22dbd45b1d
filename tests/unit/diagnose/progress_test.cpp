#include "diagnose/progress.h"

#include "catch.h"
#include "scene.h"

using namespace relapse::diagnose;  // NOLINT
using relapse::os::IoCount;

namespace {

constexpr int kPid = 10;

// One process whose counters rise by the same amounts every 100 ms.
struct Rise {
  std::uint64_t cpu_ns = 0;
  IoCount io{};
  std::uint64_t outputs = 0;
  std::uint64_t inputs = 0;
};

double quiet_after_5s(const Rise& rise) {
  Progress progress{Settings{}};
  ProcessSample process;
  process.host_pid = kPid;
  process.io = IoCount{};
  Sample sample;
  sample.root = kPid;
  for (int i = 0; i <= 50; ++i) {
    sample.at_ms = i * 100.0;
    sample.processes = {process};
    progress.add(sample);
    process.cpu_ns += rise.cpu_ns;
    process.io->read_bytes += rise.io.read_bytes;
    process.io->read_calls += rise.io.read_calls;
    process.io->written_bytes += rise.io.written_bytes;
    process.io->write_calls += rise.io.write_calls;
    process.outputs += rise.outputs;
    process.inputs += rise.inputs;
  }
  return progress.quiet_ms(kPid, 5000);
}

}  // namespace

TEST_CASE("nothing counts as movement but effects") {
  CHECK(quiet_after_5s({}) == 5000);
  CHECK(quiet_after_5s({100'000'000}) == 0);            // all of a processor
  CHECK(quiet_after_5s({2'000'000}) == 5000);           // 2 %: an idle runtime
  CHECK(quiet_after_5s({0, {0, 8, 0, 1}}) == 5000);     // an eventfd
  CHECK(quiet_after_5s({0, {0, 1, 0, 1}}) == 0);        // a dot
  CHECK(quiet_after_5s({0, {0, 8, 0, 1}, 1}) == 0);     // eight bytes, to its output
  CHECK(quiet_after_5s({0, {4, 0, 1, 0}}) == 5000);     // 40 bytes a second
  CHECK(quiet_after_5s({0, {4096, 0, 1, 0}}) == 0);     // a file
  CHECK(quiet_after_5s({0, {5, 0, 1, 0}, 0, 1}) == 0);  // its input, however little
}

TEST_CASE("a burst of processor time resets the quiet, then it begins anew") {
  Progress progress{Settings{}};
  Sample sample;
  sample.root = kPid;
  ProcessSample process;
  process.host_pid = kPid;
  for (int i = 0; i <= 40; ++i) {
    process.cpu_ns += i == 20 ? 200'000'000 : 0;
    sample.at_ms = i * 100.0;
    sample.processes = {process};
    progress.add(sample);
  }
  CHECK(progress.quiet_ms(kPid, 4000) == 2000);
}

TEST_CASE("children that come and go move their parent, not their grandparent") {
  Progress progress{Settings{}};
  ProcessSample root;
  root.host_pid = 5;
  ProcessSample parent;
  parent.host_pid = kPid;
  parent.parent = 5;
  ProcessSample child;
  child.host_pid = 20;
  child.parent = kPid;
  Sample sample;
  sample.root = 5;
  for (int i = 0; i < 20; ++i) {
    sample.at_ms = i * 100.0;
    sample.processes = {root, parent};
    if (i == 10) {
      sample.processes.push_back(child);
    }
    progress.add(sample);
  }
  CHECK(progress.quiet_ms(kPid, 1900) == 800);
  CHECK(progress.quiet_ms(5, 1900) == 1900);
}

TEST_CASE("a counter of the caller moves the root or whom it names") {
  Progress progress{Settings{}};
  ProcessSample root;
  root.host_pid = 5;
  ProcessSample other;
  other.host_pid = 6;
  other.parent = 5;
  Sample sample;
  sample.root = 5;
  for (int i = 0; i < 10; ++i) {
    sample.at_ms = i * 100.0;
    sample.processes = {root, other};
    sample.counters = {{"requests", static_cast<std::uint64_t>(i / 5), 0}};
    progress.add(sample);
  }
  CHECK(progress.quiet_ms(5, 1000) == 500);
  CHECK(progress.quiet_ms(6, 1000) == 1000);
}

TEST_CASE("a timed wait that was begun again has fired; a blocking read that ran had an effect") {
  relapse::test::Scene scene;
  scene.process(kPid, 1, "program", relapse::test::Scene::events({0}, 700));
  scene.thread(kPid, 11, relapse::test::Scene::input(3));
  scene.read_end(kPid, 3, 500);
  Progress progress{Settings{}};
  Sample sample;
  sample.root = kPid;
  sample.processes.resize(1);
  sample.processes[0].host_pid = kPid;
  progress.add(sample);
  for (int i = 0; i < 3; ++i) {
    scene.snapshot.at_ms = 1000.0 * i;
    scene.get(kPid).threads[0].ran.slices += 1;
    progress.add(scene.snapshot);
  }
  CHECK(progress.history(2500).thread(kPid).firings.size() == 2);
  CHECK(progress.history(2500).thread(kPid).firings[0].after_ms == 700);
  CHECK(progress.quiet_ms(kPid, 2500) == 2500);
  CHECK(progress.history(2500).thread(11).still_ms == 2500);
  scene.snapshot.at_ms = 3000;
  scene.get(kPid).threads[1].ran.slices += 1;
  progress.add(scene.snapshot);
  CHECK(progress.quiet_ms(kPid, 3500) == 500);
}
