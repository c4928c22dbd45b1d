// relapse env observe: real small builds, watched.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { project as source, relapse, temporaryFolder } from "./relapse.mjs";

function project(t, files) {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function observe(cwd, ...args) {
  const { code, stdout, stderr } = await relapse(["env", "observe", "--json", ...args], { cwd });
  assert.notEqual(stdout, "", stderr);
  const report = JSON.parse(stdout);
  assert.ok(report.blind_spots.length > 0);
  return { code, report, stdout };
}

const shown = ({ names }) =>
  names.map(({ name, by, file, line }) => `${name} ${by} ${file ?? ""}:${line ?? ""}`);

test("node and its workers and children, python, a native program, make and a shell", async (t) => {
  const folder = project(t, {
    Makefile: "all:\n\tnode build.mjs\n\tpython3 gen.py\n\tsh gen.sh\n\tcc -o gen gen.c && ./gen\n",
    "build.mjs": [
      'import { execFileSync } from "node:child_process";',
      'import { Worker } from "node:worker_threads";',
      "const { FROM_PATTERN: a } = process.env;",
      'if ("FROM_IN" in process.env) throw a;',
      'execFileSync(process.execPath, ["child.cjs"], { env: { ...process.env } });',
      'new Worker(new URL("./worker.mjs", import.meta.url));',
    ].join("\n"),
    "child.cjs": "void process.env.FROM_CHILD;\n",
    "worker.mjs": "void process.env.FROM_WORKER;\n",
    "gen.py": "import os\nos.environ.get('FROM_PYTHON')\ndict(os.environ)\n# os.environ['NOT_READ']\n",
    "gen.sh": '# $NOT_READ either\n: "${FROM_SHELL:-}"\n',
    "gen.c":
      '#include <stdlib.h>\nint main(void) {\n  return getenv("FROM_C") != 0;\n}\n',
    ".env": "KEY=planted-secret-value\n",
  });
  const { code, report, stdout } = await observe(folder, "--env-file", ".env", "--", "make");
  assert.equal(code, 0, report.end);
  const names = shown(report);
  for (const line of [
    "FROM_PATTERN process.env build.mjs:3",
    "FROM_IN process.env build.mjs:4",
    "FROM_CHILD process.env child.cjs:1",
    "FROM_WORKER process.env worker.mjs:1",
    "FROM_PYTHON os.environ gen.py:2",
    "FROM_SHELL source gen.sh:2",
    "FROM_C getenv :",
    "FROM_C source gen.c:3",
  ]) {
    assert.ok(names.includes(line), `${line} is not in\n${names.join("\n")}`);
  }
  assert.ok(!stdout.includes("planted-secret-value"));
  // Nothing that a tool reads for itself, nothing that is only copied, no comment.
  assert.ok(report.names.every(({ name }) => name.startsWith("FROM_")), names.join("\n"));
  assert.ok(!existsSync(join(folder, "gen")));
});

test("a build that fails says what was seen until then", async (t) => {
  const folder = project(t, {
    "build.mjs": "if (!process.env.NEEDED) { console.error('broken'); process.exit(3); }\n",
  });
  const { code, report } = await observe(folder, "--", "node", "build.mjs");
  assert.equal(code, 4);
  assert.deepEqual(shown(report), ["NEEDED process.env build.mjs:1"]);
  assert.match(report.end, /exit code 3[^]*broken/);
});

const platform = join(source, "fixtures/platform");

test("Vite: names that are replaced and never read", async (t) => {
  if (!existsSync(join(platform, "node_modules/vite"))) {
    assert.notEqual(process.env.RELAPSE_MUST_WORK, "1", "npm ci in fixtures/platform");
    t.skip("fixtures/platform has no node_modules");
    return;
  }
  const folder = temporaryFolder(t);
  writeFileSync(
    join(folder, "env"),
    "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=pk_test_planted\nVITE_API_URL=https://api.test\n",
  );
  chmodSync(folder, 0o755);
  const { code, report, stdout } = await observe(
    platform,
    ...["--env-file", join(folder, "env"), "--", "npm", "run", "build"],
  );
  assert.equal(code, 0, report.end);
  const names = shown(report);
  assert.ok(names.some((line) => /^NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY bundler src\/.*:\d/.test(line)));
  assert.ok(names.some((line) => /^SENTRY_AUTH_TOKEN process.env vite.config.ts:\d/.test(line)));
  assert.ok(names.every((line) => !line.includes("node_modules")), names.join("\n"));
  assert.ok(!stdout.includes("pk_test_planted"));
});
