// relapse inject, with programs that everybody has.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { relapse, temporaryFolder } from "./relapse.mjs";

// A folder of the user's, from where relapse is called.
function workFolder(t) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "from"));
  for (const name of ["a", "b", "c"]) {
    writeFileSync(join(folder, "from", name), `${name} and more\n`);
  }
  return folder;
}

async function inject(t, options, command) {
  const cwd = workFolder(t);
  const result = await relapse(["inject", ...options, "--json", "--", ...command], { cwd });
  const record = result.stdout ? JSON.parse(result.stdout) : undefined;
  return { ...result, entry: record?.scenarios[0] };
}

const copy = ["cp", "-r", "from", "to"];
const careless = ["sh", "-c", "cp -r from to 2>/dev/null; exit 0"];

test("cp bears a full disk at every write: it says so", async (t) => {
  const options = ["--call", "write", "--error", "ENOSPC", "--path", "*/to/*", "--sweep"];
  const { code, entry, stdout } = await inject(t, options, copy);
  assert.equal(code, 0, stdout);
  const [run] = entry.injection.runs;
  assert.equal(run.failed, 0);
  // A newer cp copies without a write; then nothing was tested, and it says that.
  assert.ok(run.injected === 3 || /never reached|nothing was tested/.test(entry.reason), stdout);
});

test("a script that looks away loses a file in silence, and the very call is named", async (t) => {
  const options = ["--call", "open-create", "--error", "ENOSPC", "--sweep"];
  const { code, entry, stderr } = await inject(t, options, careless);
  assert.equal(code, 1, stderr);
  assert.match(entry.reason, /^ENOSPC at open-create number 1: silent loss: exit 0, but 1 of \d+ /);
  assert.equal(entry.injection.runs[0].injected, 3);
  assert.equal(entry.injection.runs[0].failed, 3);
  assert.match(entry.injection.failures[0].at, /open-create \/.*\/to\/[abc]$/);
  assert.match(entry.replay, /^relapse inject --call open-create --error ENOSPC --nth 1 -- sh/);
});

test("the record alone runs the first failing call again, from anywhere", async (t) => {
  const cwd = workFolder(t);
  const report = join(cwd, "out");
  const options = ["--call", "open-create", "--error", "ENOSPC", "--sweep", "--report", report];
  const swept = await relapse(["inject", ...options, "--", ...careless], { cwd });
  assert.equal(swept.code, 1, swept.stdout);
  const record = join(report, "record.json");
  assert.match(swept.stdout, /replay: relapse replay \S+record\.json/);
  const again = await relapse(["replay", record, "--json"], { cwd: "/" });
  assert.equal(again.code, 1, again.stderr);
  const [entry] = JSON.parse(again.stdout).scenarios;
  assert.equal(entry.trials.run, 2); // undisturbed, and the one
  assert.match(entry.reason, /^ENOSPC at open-create number 1: silent loss: /);
});

test("--check decides alone", async (t) => {
  const options = ["--call", "mkdir", "--error", "EIO", "--check", "test ! -e to"];
  const { code, entry } = await inject(t, options, careless);
  assert.equal(code, 1);
  assert.match(entry.reason, /^with nothing failed yet: /);
  const other = ["--call", "mkdir", "--error", "EIO", "--check", "test -d from"];
  assert.equal((await inject(t, other, careless)).code, 0);
});

test("an occurrence that is never reached is no pass", async (t) => {
  const options = ["--call", "mkdir", "--error", "EIO", "--nth", "7"];
  const { code, entry, stdout } = await inject(t, options, copy);
  assert.equal(code, 4, stdout);
  assert.match(entry.notes.join("\n"), /mkdir number 7 was never reached: the subject made 1 such/);
});

test("a delay and a short write are effects too", async (t) => {
  const options = ["--call", "write", "--path", "*/out"];
  const once = ["perl", "-e", 'open F, ">", "out"; syswrite F, "0123456789"'];
  const careful = ["sh", "-c", "printf 0123456789 > out; exit 0"]; // writes the rest
  const short = await inject(t, [...options, "--short", "4"], once);
  assert.equal(short.code, 1, short.stdout);
  assert.match(short.entry.reason, /^a write of 4 bytes at write number 1: silent loss: /);
  const borne = await inject(t, [...options, "--short", "4"], careful);
  assert.equal(borne.code, 0, borne.stdout);
  const late = await inject(t, [...options, "--delay-ms", "200"], once);
  assert.equal(late.code, 0, late.stdout);
});

test("what is meant is told to who misspells it", async (t) => {
  const misspelt = await inject(t, ["--call", "wirte", "--error", "EIO"], copy);
  assert.equal(misspelt.code, 2);
  assert.match(misspelt.stderr, /did you mean 'write'\?/);
  const nothing = await inject(t, ["--call", "write"], copy);
  assert.equal(nothing.code, 2);
  assert.match(nothing.stderr, /--error ENOSPC/);
});
