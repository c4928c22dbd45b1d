// relapse env knockout on small builds of several kinds, each made by its own tool.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { project as source, relapse, start, temporaryFolder, until } from "./relapse.mjs";

function project(t, files) {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

async function knockout(cwd, args, options = {}) {
  const { code, stdout, stderr } = await relapse(["env", "knockout", "--json", ...args], {
    cwd,
    ...options,
  });
  assert.notEqual(stdout, "", stderr);
  const report = JSON.parse(stdout);
  const words = Object.fromEntries(
    report.names.map(({ name, unset, empty }) => [name, `${unset}/${empty}`]),
  );
  return { code, report, words, stdout };
}

test("make and a C compiler: a default of make, a validator, a name that nothing reads", async (t) => {
  const folder = project(t, {
    Makefile: [
      "API ?= http://default",
      "out/app: app.c",
      "\tmkdir -p out",
      '\ttest -n "$$TOKEN" || { echo "TOKEN must be set" >&2; exit 1; }',
      "\ttest $${LISTEN_PORT:-x} = 8080 || { echo 'bad LISTEN_PORT' >&2; exit 1; }",
      "\tcc -DAPI='\"$(API)\"' -o out/app app.c",
      "",
    ].join("\n"),
    "app.c": "#include <stdio.h>\nint main(void) { return puts(API) < 0; }\n",
    ".env.ci": "API=http://default\nTOKEN=planted-secret-value\nLISTEN_PORT=8080\nPORT=1\n",
    // A leftover that make takes for finished: built from the copy, it must not hide anything.
    "out/app": "old\n",
  });
  const before = readdirSync(folder).sort();
  const { code, report, words, stdout } = await knockout(folder, [
    ...["--env-file", ".env.ci", "--output", "out", "--", "make"],
  ]);
  assert.deepEqual(words, {
    API: "none/silent", // ?= keeps its default only when it is unset
    TOKEN: "loud/loud",
    LISTEN_PORT: "loud/loud",
    PORT: "none/none",
  });
  assert.equal(report.reference.deterministic, true);
  assert.equal(code, 1);
  assert.deepEqual(readdirSync(folder).sort(), before);
  assert.equal(readFileSync(join(folder, "out/app"), "utf8"), "old\n");
  assert.ok(!stdout.includes("planted-secret-value"));
  assert.ok(report.names.every(({ seconds, supplied }) => seconds > 0 && supplied));
});

test("scripts: shell, python and node, a name that is missing is knocked in", async (t) => {
  const folder = project(t, {
    "build.sh":
      'set -e\nmkdir dist\necho "${A-dflt}" > dist/a\npython3 build.py\nnode build.mjs\n',
    "build.py":
      "import os, sys\nif 'STRICT' not in os.environ: sys.exit('config')\n" +
      "open('dist/b', 'w').write(os.environ.get('B', ''))\n",
    "build.mjs":
      'import { writeFileSync } from "node:fs";\n' +
      'writeFileSync("dist/c", String(process.env.C ?? "c").length > 20 ? "long" : "short");\n',
    ".env": "A=one\nSTRICT=1\nUNREAD=2\n",
  });
  const { words, report } = await knockout(folder, [
    ...["--env-file", ".env", "--candidates", "B,C,NOBODY", "--output", "dist", "--"],
    ...["sh", "build.sh"],
  ]);
  assert.deepEqual(words, {
    A: "silent/silent",
    STRICT: "obscure/none",
    UNREAD: "none/none",
    B: "silent/silent",
    C: "none/none", // the made-up value is folded to the same as none
    NOBODY: "none/none",
  });
  const b = report.names.find(({ name }) => name === "B");
  assert.equal(b.supplied, false);
  assert.equal(b.reaches_output, true);
  assert.ok(!existsSync(join(folder, "dist")));
});

test("a build that differs from itself: what varies is taken out, or nothing is said", async (t) => {
  const folder = project(t, {
    "build.sh": [
      "id=$(cat /proc/sys/kernel/random/uuid)",
      "mkdir -p out/$id",
      'echo "{\\"id\\":\\"$id\\",\\"at\\":$(date +%s%N),\\"api\\":\\"$API\\"}" > out/manifest.json',
      'echo "start(\'$id\')" > out/$id/main.js',
      '[ -z "$SEAL" ] || head -c 64 /dev/urandom > out/seal',
    ].join("\n"),
    ".env": "API=https://api.example\nUNREAD=2\n",
  });
  const args = [
    ...["--env-file", ".env", "--output", "out"],
    ...["--", "sh", "build.sh"],
  ];
  const plain = await knockout(folder, args);
  assert.equal(plain.report.reference.deterministic, false);
  // The source reads SEAL, so it is tried too.
  assert.deepEqual(plain.words, {
    API: "silent/silent",
    SEAL: "silent/silent",
    UNREAD: "none/none",
  });
  writeFileSync(join(folder, ".env"), "API=https://api.example\nUNREAD=2\nSEAL=1\n");
  const sealed = await knockout(folder, args);
  assert.equal(sealed.words.UNREAD, "undecidable/undecidable");
  assert.equal(sealed.words.API, "silent/silent");
});

test("what git ignores is not there, dependencies and the rest of the work tree are", async (t) => {
  const folder = project(t, {
    "lib/value": "shared\n",
    "app/Makefile":
      'all: cache/api\n\tmkdir -p out\n\tcat cache/api ../lib/value node_modules/dep > out/it\n' +
      "cache/api:\n\tmkdir -p cache\n\techo $(API) > cache/api\n",
    "app/cache/api": "stale\n",
    "app/node_modules/dep": "dependency\n",
    "app/.env": "API=1\n",
    ".gitignore": "cache\nnode_modules\nout\n.env\n",
  });
  execFileSync("git", ["init", "-q", folder]);
  const { words } = await knockout(join(folder, "app"), [
    ...["--env-file", ".env", "--output", "out", "--", "make"],
  ]);
  assert.deepEqual(words, { API: "silent/silent" });
});

test("a time limit is a class of its own", async (t) => {
  const folder = project(t, {
    "build.sh": "mkdir out; echo 1 > out/a; while [ -z $GO ]; do sleep 0.1; done",
    ".env": "GO=1\n",
  });
  const { code, words } = await knockout(folder, [
    ...["--env-file", ".env", "--output", "out", "--deadline", "2s", "--", "sh", "build.sh"],
  ]);
  assert.deepEqual(words, { GO: "timeout/timeout" });
  assert.equal(code, 4);
});

test("a build that does not pass, and bad usage, say what to do", async (t) => {
  const folder = project(t, { ".env": "KEY=planted-secret-value\n", bad: "A=1\nno line\n" });
  const run = (...args) => relapse(["env", "knockout", ...args], { cwd: folder });
  const build = ["--", "sh", "-c", "echo broken $KEY; exit 3"];
  const failing = await run("--env-file", ".env", "--output", "out", ...build);
  assert.equal(failing.code, 4);
  assert.match(failing.stderr, /fails with exit code 3/);
  assert.match(failing.stderr, /broken \*\*\*/);
  const file = await run("--env-file", "bad", "--output", "out", "--", "true");
  assert.equal(file.code, 2);
  assert.match(file.stderr, /bad:2/);
  assert.equal((await run("--env-file", "none", "--output", "out", "--", "true")).code, 2);
  assert.equal((await run("--", "true")).code, 2);
  const empty = await run("--env-file", ".env", "--output", "out", "--", "true");
  assert.equal(empty.code, 2);
  assert.match(empty.stderr, /--output names the folder/);
});

test("an interrupt ends the builds, and leaves nothing", async (t) => {
  const folder = project(t, { ".env": "KEY=1\n" });
  const scratch = temporaryFolder(t);
  const run = start(
    ["env", "knockout", "--env-file", ".env", "--output", "out", "--", "sleep", "1000"],
    { cwd: folder, env: { ...process.env, TMPDIR: scratch } },
  );
  await until(() => readdirSync(scratch).length > 0);
  run.child.kill("SIGINT");
  const { code, stderr } = await run.done;
  assert.equal(code, 130, stderr);
  assert.match(stderr, /interrupted/);
  assert.deepEqual(readdirSync(scratch), []);
});

const platform = join(source, "fixtures/platform");

test("Vite: a name that is missing passes the build, and one that is guarded does not", async (t) => {
  if (!existsSync(join(platform, "node_modules/vite"))) {
    assert.notEqual(process.env.RELAPSE_MUST_WORK, "1", "npm ci in fixtures/platform");
    t.skip("fixtures/platform has no node_modules");
    return;
  }
  const env = join(temporaryFolder(t), "env");
  writeFileSync(
    env,
    "NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=pk_test_planted\nVITE_API_URL=https://api.test\n",
  );
  const { report, words, stdout } = await knockout(platform, [
    ...["--env-file", env, "--candidates", "VITE_SUPPORT_EMAIL"],
    ...["--output", "dist", "--", "npm", "run", "build"],
  ]);
  assert.equal(report.reference.deterministic, true);
  assert.equal(words.VITE_SUPPORT_EMAIL, "silent/silent");
  for (const name of ["NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY", "VITE_API_URL"]) {
    assert.match(words[name], /^(loud|silent)\/(loud|silent)$/);
    assert.equal(report.names.find((one) => one.name === name).reaches_output, true);
  }
  assert.ok(!stdout.includes("pk_test_planted"));
  assert.ok(!existsSync(join(platform, "dist")));
});
