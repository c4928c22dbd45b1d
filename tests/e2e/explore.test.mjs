// Orders of any program's calls: found, explained and replayed, by what a user types.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { relapse, temporaryFolder } from "./relapse.mjs";

// Two archives of one tree, and a folder that holds the tree already.
function archives(t) {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, "out"));
  execFileSync(
    "sh",
    [
      "-c",
      "mkdir -p tree/x/y && echo 1 >tree/one && echo 2 >tree/x/two && echo 3 >tree/x/y/three && " +
        "tar cf a.tar tree && tar cf b.tar tree && mv tree out",
    ],
    { cwd: folder },
  );
  return folder;
}

const bothAtOnce =
  "tar xf a.tar -C out & one=$!; tar xf b.tar -C out; two=$?; wait $one && exit $two";

function only(result) {
  const record = JSON.parse(result.stdout);
  assert.equal(record.scenarios.length, 1, result.stdout);
  return record.scenarios[0];
}

test("GNU tar's race of two extractions is found, explained, and replayed exactly", async (t) => {
  const cwd = archives(t);
  const found = [];
  for (const seed of ["1", "2", "3"]) {
    const result = await relapse(
      ["explore", "--seed", seed, "--json", "--report", "report", "--", "sh", "-c", bothAtOnce],
      { cwd },
    );
    const entry = only(result);
    assert.equal(result.code, 1, result.stdout);
    assert.equal(entry.verdict, "fail");
    assert.match(entry.schedule.explanation.sentence, /tar.* (removed|created) .*\/out\/tree/);
    assert.match(entry.schedule.explanation.picture, /←/);
    assert.equal(entry.schedule.replays.failed, entry.schedule.replays.run);
    found.push(entry.trials.first_failure);
  }
  found.sort((a, b) => a - b);
  assert.ok(found[1] <= 80, `first failures: ${found}`);
  for (let again = 0; again < 5; ++again) {
    const replayed = await relapse(["replay", "report/record.json", "--json"], { cwd });
    const entry = only(replayed);
    assert.equal(replayed.code, 1, replayed.stdout);
    assert.match(entry.notes.join("\n"), /the same \d+ calls in the same order/);
  }
  const shown = await relapse(["replay", "report/record.json"], { cwd });
  assert.match(shown.stdout, /order replayed/);
});

test("a race that the shell swallows shows in the complaints", async (t) => {
  const cwd = archives(t);
  const command = "tar xf a.tar -C out & tar xf b.tar -C out; wait";
  const result = await relapse(["explore", "--json", "--", "sh", "-c", command], { cwd });
  assert.equal(result.code, 1, result.stdout);
  assert.match(only(result).reason, /complains on standard error/);
});

test("one after the other, no order fails", async (t) => {
  const cwd = archives(t);
  const command = "tar xf a.tar -C out && tar xf b.tar -C out";
  const result = await relapse(
    ["explore", "--trials", "24", "--json", "--", "sh", "-c", command],
    { cwd },
  );
  assert.equal(result.code, 0, result.stdout);
  assert.equal(only(result).trials.failed, 0);
});

test("names that a program draws anew do not lead a replay astray", async (t) => {
  const cwd = temporaryFolder(t);
  // The time in nanoseconds, which nobody controls, and an address.
  const save = 'f=tmp.$(date +%N%s); echo $1 >$f; [ -e out ] || mkdir out; mv $f out/$1';
  writeFileSync(join(cwd, "save.sh"), save);
  const command = "set -e; sh -e save.sh one & sh -e save.sh two; wait $!";
  const result = await relapse(
    ["explore", "--json", "--report", "report", "--", "sh", "-c", command],
    { cwd },
  );
  assert.equal(result.code, 1, result.stdout);
  const { replays } = only(result).schedule;
  assert.deepEqual(replays, { failed: replays.run, run: replays.run, same_order: replays.run });
  const replayed = only(await relapse(["replay", "report/record.json", "--json"], { cwd }));
  assert.match(replayed.notes.join("\n"), /the same \d+ calls in the same order/);
});

test("a lost update is told as such, whichever calls were ordered", async (t) => {
  const cwd = temporaryFolder(t);
  writeFileSync(join(cwd, "n"), "0\n");
  writeFileSync(join(cwd, "add.sh"), "read v <n; echo $((v + 1)) >n");
  const command = "sh add.sh & sh add.sh; wait";
  for (const points of ["mutations", "reads"]) {
    const args = ["explore", "--json", "--points", points, "--check", "grep -q 2 n", "--"];
    const result = await relapse([...args, "sh", "-c", command], { cwd });
    assert.equal(result.code, 1, result.stdout);
    const { explanation } = only(result).schedule;
    assert.match(explanation.sentence, /read .*\/n before .* is lost\./);
    assert.match(explanation.picture, /read …\/.*\/n/);
  }
});

test("a program that trusts in a sleep is found out", async (t) => {
  const cwd = temporaryFolder(t);
  const command = "(mkdir d; echo x >d/f) & sleep 0.05; cat d/f >out";
  const result = await relapse(
    ["explore", "--json", "--report", "report", "--", "sh", "-c", command],
    { cwd },
  );
  assert.equal(result.code, 1, result.stdout);
  const { replays } = only(result).schedule;
  assert.deepEqual(replays, { failed: replays.run, run: replays.run, same_order: replays.run });
  for (let again = 0; again < 3; ++again) {
    const replayed = only(await relapse(["replay", "report/record.json", "--json"], { cwd }));
    assert.equal(replayed.verdict, "fail");
    assert.match(replayed.notes.join("\n"), /the same \d+ calls in the same order/);
  }
});

test("a check of the user's decides, in the world that the program left", async (t) => {
  const cwd = temporaryFolder(t);
  const command = "(echo one >file) & echo two >file; wait";
  const args = ["explore", "--json", "--check", "grep -q two file", "--", "sh", "-c", command];
  const result = await relapse(args, { cwd });
  assert.equal(result.code, 1, result.stdout);
  assert.equal(only(result).reason, "the check exited with 1");
  assert.throws(() => readFileSync(join(cwd, "file")), "what was written went with the world");
});

test("files that depend on the order are a failure, as are those that must not be", async (t) => {
  const cwd = temporaryFolder(t);
  const command = "(echo one >file) & echo two >file; wait";
  const depends = await relapse(["explore", "--json", "--", "sh", "-c", command], { cwd });
  assert.equal(depends.code, 1, depends.stdout);
  assert.match(only(depends).reason, /the files left depend on the order/);

  mkdirSync(join(cwd, "expected"));
  writeFileSync(join(cwd, "expected", "file"), "two\n");
  const args = ["explore", "--json", "--tree-equals", "out=expected", "--trials", "24", "--"];
  const wrong = await relapse(
    [...args, "sh", "-c", "mkdir out; (echo one >out/file) & echo two >out/file; wait"],
    { cwd },
  );
  assert.equal(wrong.code, 1, wrong.stdout);
  assert.match(only(wrong).reason, /1 different/);
  const right = await relapse([...args, "sh", "-c", "mkdir out; echo two >out/file"], { cwd });
  assert.equal(right.code, 0, right.stdout);
});

test("a user's files are the home in which the program starts", async (t) => {
  const cwd = temporaryFolder(t);
  mkdirSync(join(cwd, "files"));
  writeFileSync(join(cwd, "files", "seen"), "yes");
  const args = ["explore", "--trials", "2", "--json", "--user-files", "files", "--"];
  const result = await relapse(
    [...args, "sh", "-c", 'test "$(cat seen)" = yes && test "$PWD" = "$HOME" && mkdir made'],
    { cwd },
  );
  assert.equal(result.code, 0, result.stdout);
});

test("what cannot be decided or run is told as such", async (t) => {
  const cwd = temporaryFolder(t);
  const idle = await relapse(["explore", "--", "true"], { cwd });
  assert.equal(idle.code, 4);
  assert.match(idle.stdout, /no call that is a scheduling point/);
  const missing = await relapse(["explore", "--", "no-such-program"], { cwd });
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /no-such-program: there is no such program on PATH/);
  assert.equal((await relapse(["explore"], { cwd })).code, 2);
  writeFileSync(join(cwd, "record.json"), "{}");
  assert.equal((await relapse(["replay", "record.json"], { cwd })).code, 2);
});
