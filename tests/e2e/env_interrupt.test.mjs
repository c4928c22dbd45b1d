// An interrupt in the middle of each question about variables: 128 + the signal, and nothing is
// left of it: no process, no mount, no folder.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { start, temporaryFolder, until } from "./relapse.mjs";

// The processes that run this script, in worlds too.
function processesOf(script) {
  return readdirSync("/proc").filter((pid) => {
    try {
      const line = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, "utf8") : "";
      return line.startsWith(`/bin/sh\0${script}\0`);
    } catch {
      return false; // it has just ended
    }
  });
}

// A project whose build, deploy step and program never end.
function project(t) {
  const folder = temporaryFolder(t);
  const endless = join(folder, "endless");
  writeFileSync(endless, "#!/bin/sh\nsleep 1000 & wait\n");
  chmodSync(endless, 0o755);
  writeFileSync(join(folder, ".env"), "KEY=1\n");
  writeFileSync(join(folder, "app.js"), "process.env.KEY;\n");
  writeFileSync(
    join(folder, "deploy.yml"),
    `jobs:\n  web:\n    steps:\n      - run: ${endless}\n      - run: vercel deploy\n`,
  );
  const contract = { build: { command: endless, output: "out" }, names: { KEY: "required" } };
  writeFileSync(join(folder, "relapse.env.json"), JSON.stringify(contract));
  return { folder, endless };
}

const commands = {
  observe: (endless) => ["observe", "--env-file", ".env", "--", endless],
  knockout: (endless) => ["knockout", "--env-file", ".env", "--output", "out", "--", endless],
  supplied: () => ["supplied", "--workflow", "deploy.yml", "--job", "web"],
  check: () => ["check"],
  "check -- PROGRAM": (endless) => ["check", "--start-within", "5min", "--", endless],
  init: () => ["init", "--force", "--workflow", "deploy.yml", "--job", "web"],
};

const signals = { SIGINT: 130, SIGTERM: 143 };

for (const [name, argv] of Object.entries(commands)) {
  for (const [signal, code] of Object.entries(signals)) {
    test(`${signal} in the middle of env ${name}`, async (t) => {
      const { folder, endless } = project(t);
      const scratch = temporaryFolder(t);
      const run = start(["env", ...argv(endless)], {
        cwd: folder,
        env: { ...process.env, TMPDIR: scratch },
      });
      await until(() => processesOf(endless).length > 0);
      run.child.kill(signal);
      const end = await run.done;
      assert.equal(end.code, code, end.stderr);
      assert.match(end.stderr, /^relapse: interrupted$/m);
      await until(() => processesOf(endless).length === 0);
      assert.deepEqual(readdirSync(scratch), []);
      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(scratch));
      assert.deepEqual(readdirSync(folder).includes("out"), false);
    });
  }
}
