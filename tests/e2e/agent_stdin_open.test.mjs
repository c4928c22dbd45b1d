// The January incident, with the real agents.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { project, relapse, runnerWired, start, temporaryFolder, until } from "./relapse.mjs";

const once = ["run", "agent-stdin-open", "--calibrate", "never", "--json"];

function only(result) {
  const record = JSON.parse(result.stdout);
  assert.equal(record.scenarios.length, 1, result.stdout);
  return record.scenarios[0];
}

test("somebody's runner that leaves stdin open fails with 2.1.12, by name and descriptor", async (t) => {
  const runner = runnerWired(temporaryFolder(t), "pipe");
  const result = await relapse([...once, "--variant", "2.1.12", "--subject", `runner=${runner}`]);
  const scenario = only(result);
  assert.equal(result.code, 1);
  assert.equal(scenario.verdict, "fail");
  assert.equal(scenario.diagnosis.cause, "stdin-open");
  assert.equal(scenario.diagnosis.process.name, "agent");
  assert.equal(scenario.diagnosis.process.fd, 0);
  assert.equal(scenario.diagnosis.peer.name, "runner");
  assert.equal(scenario.diagnosis.peer.wrote_bytes, 0);
  assert.ok(scenario.diagnosis.analysis_ms < 1000);
  if (scenario.diagnosis.proof === "evidence") {
    assert.equal(scenario.control.outcome, "ended");
  }
  assert.equal(scenario.subjects.find((one) => one.name === "runner").origin, "given");
});

test("the same runner passes with the current agent, and the penalty is told", async (t) => {
  const runner = runnerWired(temporaryFolder(t), "pipe");
  const result = await relapse([...once, "--variant", "current", "--subject", `runner=${runner}`]);
  const scenario = only(result);
  // Uncalibrated in this run, so no green; but not a failure either.
  assert.equal(result.code, 4);
  assert.match(scenario.reason, /not calibrated/);
  const penalty = scenario.stalls.find((one) => one.cause === "stdin-open");
  assert.ok(penalty.duration_ms > 1000, JSON.stringify(scenario.stalls));
});

test("one line and then silence hangs the current agent too", async (t) => {
  const runner = runnerWired(temporaryFolder(t), "line-then-open");
  const result = await relapse([...once, "--variant", "current", "--subject", `runner=${runner}`]);
  const scenario = only(result);
  assert.equal(scenario.verdict, "fail");
  assert.equal(scenario.diagnosis.cause, "stdin-open");
  assert.ok(scenario.diagnosis.peer.wrote_bytes > 0, scenario.diagnosis.sentence);
});

test("the mock is no agent", async () => {
  const mock = join(project, "fixtures/specimens/mock-agent/claude");
  const result = await relapse([...once, "--subject", `agent=${mock}`]);
  const scenario = only(result);
  assert.equal(result.code, 1);
  assert.match(scenario.reason, /never called the model/);
});

test("reports are written, and hold no secret", async (t) => {
  const folder = temporaryFolder(t);
  const mock = join(project, "fixtures/specimens/mock-agent/claude");
  await relapse([...once, "--subject", `agent=${mock}`, "--report", join(folder, "out")]);
  for (const name of ["record.json", "junit.xml", "report.md", "index.html"]) {
    assert.ok(existsSync(join(folder, "out", name)), name);
  }
  const record = JSON.parse(readFileSync(join(folder, "out", "record.json"), "utf8"));
  for (const key of ["relapse", "started", "duration_ms", "host", "seed", "verdict", "scenarios"]) {
    assert.ok(key in record, key);
  }
  const [scenario] = record.scenarios;
  assert.match(scenario.replay, /^relapse run agent-stdin-open/);
  assert.match(scenario.subjects[0].sha256, /^[0-9a-f]{64}$/);
});

test("Ctrl-C ends everything at once, and nothing stays", async (t) => {
  const runner = runnerWired(temporaryFolder(t), "pipe");
  const args = ["run", "agent-stdin-open", "--calibrate", "never", "--variant", "2.1.12"];
  const { child, done } = start([...args, "--subject", `runner=${runner}`]);
  const tree = `/proc/${child.pid}/task/${child.pid}/children`;
  const zygote = await until(() => readFileSync(tree, "utf8").trim());
  const worlds = `/proc/${zygote}/task/${zygote}/children`;
  const init = await until(() => readFileSync(worlds, "utf8").trim().split(" ")[0]);
  child.kill("SIGINT");
  const { code } = await done;
  assert.equal(code, 130);
  await until(() => !existsSync(`/proc/${init}`) && !existsSync(`/proc/${zygote}`));
});
