// The storage scenarios that need no control of the schedule, with our two programs and with what
// somebody might give.
import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { program, relapse, temporaryFolder } from "./relapse.mjs";

const specimens = join(program, "../specimens");
const bad = join(specimens, "guest-download-2026-04-09");
const good = join(specimens, "guest-download-2026-04-10");

function entries(result) {
  return JSON.parse(result.stdout).scenarios;
}

test("the scenarios can fail: each bad case is caught, each good one passes", async () => {
  for (const id of ["guest-download-retry-wipes", "guest-reuse-stale"]) {
    const result = await relapse(["calibrate", id, "--json"]);
    assert.equal(result.code, 0, result.stdout + result.stderr);
    assert.ok(entries(result).every((one) => one.verdict === one.specimen.expected));
  }
});

test("a stand-in says on its line what it is, and a gate refuses it", async () => {
  const shown = await relapse(["run", "guest-download-retry-wipes"]);
  assert.equal(shown.code, 0, shown.stdout);
  for (const line of shown.stdout.split("\n").filter((one) => one.includes("2026-04-10"))) {
    assert.match(line, /guest-download: reconstruction/);
  }
  const gate = await relapse(["run", "guest-download-retry-wipes", "--require-real"]);
  assert.equal(gate.code, 4);
  assert.match(gate.stdout, /--require-real refuses it/);
});

test("somebody's binary of the incident fails, and what is missing is told", async (t) => {
  assert.ok(existsSync(bad) && existsSync(good), "the specimens are built with everything");
  const given = join(temporaryFolder(t), "guest-download");
  copyFileSync(bad, given);
  const args = ["run", "guest-download-overlap", "--variant", "second-chunk"];
  const once = ["--calibrate", "never", "--json", "--subject", `guest-download=${given}`];
  const result = await relapse([...args, ...once]);
  assert.equal(result.code, 1, result.stderr);
  const [entry] = entries(result);
  assert.equal(entry.subjects[0].origin, "given");
  assert.match(entry.reason, /^silent loss: exit 0, but \d+ of 34 entries missing: missing /);
  assert.equal(entry.tree.expected, 34);
  assert.equal(entry.tree.first[0].what, "missing");
  assert.match(entry.tree.first[0].path, /^\/home\/user\/\.claude\/skills/);
});

test("a whole tree is a whole tree", async () => {
  const args = ["run", "guest-download-overlap", "--variant", "stale-directories"];
  const result = await relapse([...args, "--calibrate", "never", "--json"]);
  const [entry] = entries(result);
  assert.match(entry.reason, /not calibrated/); // so no green, but no failure either
  const { missing, different, unexpected } = entry.tree;
  assert.deepEqual([missing, different, unexpected], [0, 0, 0]);
});
