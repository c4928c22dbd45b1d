// The storage scenarios that need no control of the schedule, with our two programs and with what
// somebody might give.
import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { program, project, relapse, temporaryFolder } from "./relapse.mjs";

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

// Nothing can be preloaded into these, and nothing read from their symbols.
const folderOfStatic = join(specimens, "static");
const needsStatic = { skip: !existsSync(folderOfStatic) && "no static libarchive to link with" };

test("a static, stripped binary is caught in every variant", needsStatic, async () => {
  const given = `guest-download=${join(folderOfStatic, "guest-download-2026-04-09-static")}`;
  const once = ["--calibrate", "never", "--json", "--subject", given];
  const result = await relapse(["run", "guest-download-overlap", ...once]);
  assert.equal(result.code, 1, result.stderr);
  const found = entries(result);
  assert.equal(found.length, 5);
  for (const entry of found) {
    assert.equal(entry.verdict, "fail");
    assert.equal(entry.subjects[0].origin, "given");
    assert.equal(entry.schedule.replays.failed, entry.schedule.replays.run);
    const { sentence } = entry.schedule.explanation;
    assert.match(sentence, /^storages\.\d+ removed \/home\/user\/\.claude/);
  }
});

test("its cure passes in every order tried", needsStatic, async () => {
  const given = `guest-download=${join(folderOfStatic, "guest-download-2026-04-10-static")}`;
  const once = ["--calibrate", "never", "--json", "--subject", given];
  const args = ["run", "guest-download-overlap", "--variant", "skills-first", ...once];
  const [entry] = entries(await relapse(args));
  assert.deepEqual([entry.trials.run, entry.trials.failed], [200, 0]);
});

test("every failing call of a download is borne, or told", async () => {
  const args = ["run", "guest-disk-full", "--calibrate", "never", "--json"];
  const [entry] = entries(await relapse(args));
  assert.match(entry.reason, /not calibrated/); // so no green, but no failure either
  assert.deepEqual(entry.notes ?? [], []);
  assert.equal(entry.injection.runs.length, 6);
  for (const run of entry.injection.runs) {
    assert.ok(run.injected >= 4 && run.failed === 0 && !run.cut_off, JSON.stringify(run));
  }
});

test("a download that looks away is caught at every call", async () => {
  const args = ["calibrate", "guest-disk-full", "--case", "looks away", "--json"];
  const [entry] = entries(await relapse(args));
  assert.equal(entry.verdict, "fail");
  assert.match(entry.reason, /^ENOSPC at write number 1: silent loss: /);
  assert.ok(entry.injection.runs.every((run) => run.failed > 0));
});

test("a sweep's record replays the failing call alone", async (t) => {
  const careless = join(project, "fixtures/specimens/careless-download/careless-download.mjs");
  const report = temporaryFolder(t);
  const args = ["run", "guest-disk-full", "--calibrate", "never", "--report", report];
  const swept = await relapse([...args, "--subject", `guest-download=${careless}`]);
  assert.equal(swept.code, 1, swept.stderr);
  const again = await relapse(["replay", join(report, "record.json"), "--json"]);
  assert.equal(again.code, 1, again.stderr);
  const [entry] = entries(again);
  assert.deepEqual([entry.trials.run, entry.trials.failed], [2, 1]);
  assert.match(entry.reason, /^ENOSPC at write number 1: silent loss: /);
});

test("a whole tree is a whole tree", async () => {
  const args = ["run", "guest-reuse-stale", "--variant", "changed-parent"];
  const result = await relapse([...args, "--calibrate", "never", "--json"]);
  const [entry] = entries(result);
  assert.match(entry.reason, /not calibrated/); // so no green, but no failure either
  const { missing, different, unexpected } = entry.tree;
  assert.deepEqual([missing, different, unexpected], [0, 0, 0]);
});
