// The commands as a user types them: exit codes, errors with their remedy, output for programs.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { program, project, relapse, temporaryFolder } from "./relapse.mjs";

test("help teaches, and names every command", async () => {
  const { code, stdout } = await relapse(["--help"]);
  assert.equal(code, 0);
  for (const command of ["run", "calibrate", "diagnose", "list", "show", "check", "doctor"]) {
    assert.match(stdout, new RegExp(`^\\s+${command}\\s`, "m"));
  }
  assert.match(stdout, /Exit codes/);
});

test("a misspelt command is bad usage, with the one that was meant", async () => {
  const { code, stderr } = await relapse(["calibrat"]);
  assert.equal(code, 2);
  assert.match(stderr, /did you mean 'calibrate'/);
});

test("list and show, for people and for programs", async () => {
  const list = await relapse(["list", "--json"]);
  assert.equal(list.code, 0);
  const scenarios = JSON.parse(list.stdout);
  assert.ok(scenarios.some((one) => one.id === "agent-stdin-open"));
  const show = await relapse(["show", "agent-stdin-open"]);
  assert.match(show.stdout, /Agent can't run/);
  assert.equal((await relapse(["show", "agent-stdin-opn"])).code, 2);
});

test("a malformed scenario: exit 2, file, line and remedy", async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, "scenario.json");
  const good = readFileSync(join(project, "scenarios/agent-stdin-open/scenario.json"), "utf8");
  writeFileSync(file, good.replace('"quiet"', '"quite"'));
  const line = good.slice(0, good.indexOf('"quiet"')).split("\n").length;
  for (const command of ["check", "run"]) {
    const { code, stderr } = await relapse([command, file]);
    assert.equal(code, 2);
    assert.ok(stderr.includes(`${file}:${line}: `), stderr);
    assert.match(stderr, /did you mean 'quiet'/);
  }
});

test("an unknown role, variant or case is bad usage", async () => {
  const role = await relapse(["run", "--subject", "runer=/bin/true"]);
  assert.equal(role.code, 2);
  assert.match(role.stderr, /did you mean 'runner'/);
  assert.equal((await relapse(["run", "agent-stdin-open", "--variant", "9"])).code, 2);
  assert.equal((await relapse(["calibrate", "agent-stdin-open", "--case", "9"])).code, 2);
  assert.equal((await relapse(["run", "--subject", "runner"])).code, 2);
});

test("a subject that is not there is inconclusive, never green", async () => {
  const args = ["run", "agent-stdin-open", "--calibrate", "never"];
  const { code, stdout } = await relapse([...args, "--subject", "agent=/nonexistent/claude"]);
  assert.equal(code, 4);
  assert.match(stdout, /inconclusive/);
  assert.match(stdout, /--subject agent/);
});

test("--require-real refuses a reconstruction", async () => {
  const args = ["run", "agent-stdin-open", "--calibrate", "never", "--require-real", "--json"];
  const { code, stdout } = await relapse(args);
  assert.equal(code, 4);
  for (const scenario of JSON.parse(stdout).scenarios) {
    assert.match(scenario.reason, /reconstruction/);
  }
});

test("doctor says what this host can do", async () => {
  const { code, stdout } = await relapse(["doctor", "--json"]);
  assert.equal(code, 0);
  assert.ok(Array.isArray(JSON.parse(stdout).capabilities));
});

test("shards of a run make one record again; a missing one is no pass", async (t) => {
  const folder = temporaryFolder(t);
  const scenarios = ["guest-reuse-stale", "guest-download-retry-wipes"];
  const records = [1, 2].map((i) => join(folder, `${i}`, "record.json"));
  for (const i of [1, 2]) {
    const shard = ["--shard", `${i}/2`, "--calibrate", "always", "--report", join(folder, `${i}`)];
    assert.equal((await relapse(["run", ...scenarios, ...shard])).code, 0);
  }
  const merged = await relapse(["merge", ...records, "--json"]);
  assert.equal(merged.code, 0);
  const ids = new Set(JSON.parse(merged.stdout).scenarios.map((one) => one.id));
  assert.deepEqual([...ids].sort(), [...scenarios].sort());
  const missing = await relapse(["merge", records[0]]);
  assert.equal(missing.code, 4);
  assert.match(missing.stderr, /of 2 shards 2 is missing/);
  const page = await relapse(["report", records[0], "--as", "html"]);
  assert.match(page.stdout, /^<!DOCTYPE html>/);
});

test("a new scenario is well formed and calibrated, and is not made twice", async (t) => {
  const home = temporaryFolder(t);
  mkdirSync(join(home, "scenarios"));
  copyFileSync(join(project, "scenarios/schema.json"), join(home, "scenarios/schema.json"));
  const env = { ...process.env, RELAPSE_HOME: home };
  assert.equal((await relapse(["new", "outage", "--title", "A test"], { env })).code, 0);
  assert.equal((await relapse(["check", "outage"], { env })).code, 0);
  assert.equal((await relapse(["calibrate", "outage"], { env })).code, 0);
  const again = await relapse(["new", "outage"], { env });
  assert.equal(again.code, 2);
  assert.match(again.stderr, /is there already/);
  assert.equal((await relapse(["new", "../elsewhere"], { env })).code, 2);
});

test("bisect finds the version that changed, and steps around one that does not run", async (t) => {
  const folder = temporaryFolder(t);
  const specimen = (date) => join(program, "../specimens", `guest-download-${date}`);
  const made = ["bad", "bad", "good", "none", "good"].map((kind, i) => {
    const path = join(folder, `v${i + 1}`);
    if (kind === "none") writeFileSync(path, "no program");
    else copyFileSync(specimen(kind === "bad" ? "2026-04-09" : "2026-04-10"), path);
    return path;
  });
  const args = ["bisect", "guest-download-retry-wipes", "--role", "guest-download", "--json"];
  const found = await relapse([...args, ...made]);
  assert.equal(found.code, 0, found.stderr);
  const answer = JSON.parse(found.stdout);
  assert.equal(answer.last_old, made[1]);
  assert.equal(answer.first_new, made[2]);
  const same = await relapse([...args, made[2], made[4]]);
  assert.equal(same.code, 4);
});

test("git bisect run is told to skip what cannot be judged", async () => {
  const args = ["run", "agent-stdin-open", "--calibrate", "never", "--git-bisect"];
  assert.equal((await relapse([...args, "--subject", "agent=/nonexistent"])).code, 125);
});
