// relapse env scan, supplied, check and init, as a user types them, over small trees made here.
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { relapse, temporaryFolder } from "./relapse.mjs";

const planted = ["planted-value-one", "planted-value-two"];

function tree(t, files) {
  const folder = temporaryFolder(t);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function hidesValues(...texts) {
  for (const value of planted) {
    for (const text of texts) {
      assert.ok(!text.includes(value), `${value} is shown in ${text}`);
    }
  }
}

const files = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "utf8"));

// A build by a shell: it ships what it is given, and refuses or not.
const deploy = (name) => `jobs:
  web:
    steps:
      - uses: ./.github/actions/ship
        with:
          lines: |
            ${name}=\${{ vars.KEY }}
            OTHER_THING=\${{ secrets.TOKEN }}
`;
const action = `inputs:
  lines: { default: "" }
runs:
  using: composite
  steps:
    - shell: bash
      env: { LINES_IN: "\${{ inputs.lines }}" }
      run: |
        args=()
        while IFS= read -r line; do [ -z "$line" ] || args+=(--build-env "$line"); done <<<"$LINES_IN"
        vercel deploy "\${args[@]}"
`;
const contract = (extra = {}) =>
  JSON.stringify({
    build: { command: "sh build.sh", output: "dist" },
    deploy: {
      workflow: ".github/workflows/deploy.yml",
      job: "web",
      values: { vars: { KEY: planted[0] }, secrets: { TOKEN: planted[1] } },
    },
    names: { NEW_AUTH_KEY: "required", OTHER_THING: "secret" },
    ...extra,
  });
const build = (guard) =>
  `#!/bin/sh\n${guard ? ': "${NEW_AUTH_KEY:?is missing}"\n' : ""}mkdir -p dist\n` +
  `echo "key $NEW_AUTH_KEY" > dist/out.txt\n`;

function project(t, { name = "NEW_AUTH_KEY", guard = true, extra = {} } = {}) {
  return tree(t, {
    ".github/workflows/deploy.yml": deploy(name),
    ".github/actions/ship/action.yml": action,
    "build.sh": build(guard),
    "relapse.env.json": contract(extra),
  });
}

test("scan: names with their places, and no false ones", async (t) => {
  const folder = tree(t, {
    "src/a.ts": "// process.env.NO\nconst a = import.meta.env.VITE_A, b = process.env[x];\n",
    "src/a.test.ts": "process.env.ONLY_TEST",
    "node_modules/x/index.js": "process.env.FOREIGN",
  });
  const { code, stdout } = await relapse(["env", "scan", folder, "--json"]);
  assert.equal(code, 0);
  const found = JSON.parse(stdout);
  const wanted = found.names.filter((one) => one.needed);
  assert.deepEqual(wanted.map((one) => one.name), ["VITE_A"]);
  const [place] = wanted[0].places;
  assert.deepEqual([place.file, place.line, place.how], ["src/a.ts", 2, "import.meta.env"]);
  assert.equal(found.blind_spots[0].line, 2);
  assert.ok(!stdout.includes("FOREIGN"));
  assert.equal((await relapse(["env", "scan", join(folder, "none")])).code, 2);
});

test("supplied: state and line of each name, never a value", async (t) => {
  const folder = project(t);
  writeFileSync(join(folder, "v.json"), JSON.stringify({ vars: { KEY: planted[0] } }));
  const args = ["env", "supplied", "--workflow", join(folder, ".github/workflows/deploy.yml")];
  const values = ["--values", join(folder, "v.json")];
  const seen = await relapse([...args, "--job", "web", ...values, "--json"]);
  assert.equal(seen.code, 0, seen.stderr);
  const names = Object.fromEntries(JSON.parse(seen.stdout).names.map((one) => [one.name, one]));
  assert.deepEqual([names.NEW_AUTH_KEY.state, names.NEW_AUTH_KEY.line], ["set", 7]);
  assert.deepEqual([names.OTHER_THING.state, names.OTHER_THING.line], ["empty", 8]);
  hidesValues(seen.stdout, seen.stderr);
  const wrong = await relapse([...args, "--job", "wbe"]);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /did you mean 'web'/);
});

test("supplied: a script of package.json, and the program that it starts", async (t) => {
  const scripts = { deploy: "STAGE=live node ship.mjs", "ship:now": "vercel deploy" };
  const folder = tree(t, {
    "deploy.yml": "jobs: { web: { steps: [{ run: npm run deploy }] } }\n",
    "package.json": JSON.stringify({ name: "web", scripts }, null, 1),
    "ship.mjs": `import { execSync } from "node:child_process";
      const flag = \`--build-env STAGE=\${process.env.STAGE}\`;
      execSync(\`npm run ship:now -- \${flag} --build-env KEY=${planted[0]}\`);\n`,
  });
  const args = ["env", "supplied", "--workflow", join(folder, "deploy.yml"), "--job", "web"];
  const { code, stdout, stderr } = await relapse([...args, "--json"]);
  assert.equal(code, 0, stderr);
  const { names, calls } = JSON.parse(stdout);
  const lines = names.map((one) => [one.name, one.state, one.file, one.line]);
  assert.deepEqual(lines, [["KEY", "set", "ship.mjs", 3], ["STAGE", "set", "package.json", 4]]);
  assert.deepEqual(calls.map((one) => one.tool), ["vercel"]);
  hidesValues(stdout, stderr);
});

test("check: cured, silent, renamed, empty", async (t) => {
  const report = temporaryFolder(t);
  const check = async (folder, ...more) => {
    const seen = await relapse(["env", "check", "--project", folder, "--report", report, ...more]);
    hidesValues(seen.stdout, seen.stderr, ...files(report));
    return seen;
  };
  const cured = await check(project(t));
  assert.equal(cured.code, 0, cured.stdout + cured.stderr);
  const silent = await check(project(t, { guard: false }));
  assert.equal(silent.code, 1, silent.stdout + silent.stderr);
  assert.match(silent.stdout, /NEW_AUTH_KEY.*build passes.*FAIL/);
  const renamed = await check(project(t, { name: "OLD_AUTH_KEY", guard: false }));
  assert.equal(renamed.code, 1);
  assert.match(renamed.stdout, /NEW_AUTH_KEY.*not supplied by deploy\.yml/);
  assert.match(renamed.stdout, /OLD_AUTH_KEY is supplied.*renamed\?/);
  const none = project(t);
  writeFileSync(join(none, "relapse.env.json"), contract().replace(`"KEY":"${planted[0]}"`, ""));
  const empty = await check(none, "--json");
  assert.equal(empty.code, 1);
  const [row] = JSON.parse(empty.stdout).names;
  assert.deepEqual([row.name, row.state], ["NEW_AUTH_KEY", "fail"]);
});

test("check: a dev command that the guard stops", async (t) => {
  const strict = { dev: { command: 'sh -c ": ${NEW_AUTH_KEY:?is missing}"' } };
  const seen = await relapse(["env", "check", "--project", project(t, { extra: strict })]);
  assert.equal(seen.code, 1, seen.stdout + seen.stderr);
  assert.match(seen.stdout, /dev/);
});

test("check -- PROGRAM: refuses to start, or does not", async (t) => {
  const folder = project(t);
  const program = (text) => {
    const path = join(folder, "serve.sh");
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return relapse(["env", "check", "--project", folder, "--start-within", "1s", "--", path]);
  };
  const good = await program(': "${NEW_AUTH_KEY:?is missing}"; exec sleep 60');
  assert.equal(good.code, 0, good.stdout + good.stderr);
  const bad = await program(': "${NEW_AUTH_KEY?is missing}"; exec sleep 60');
  assert.equal(bad.code, 1, bad.stdout + bad.stderr);
  assert.match(bad.stdout, /starts with it empty/);
});

test("check: a contract that is wrong names its line and what was meant", async (t) => {
  const folder = project(t);
  const file = join(folder, "relapse.env.json");
  const whole = JSON.parse(readFileSync(file, "utf8"));
  const said = async (change) => {
    const contract = structuredClone(whole);
    change(contract);
    writeFileSync(file, JSON.stringify(contract, null, 1));
    const { code, stderr, stdout } = await relapse(["env", "check", "--project", folder]);
    assert.equal(code, 2, stdout);
    hidesValues(stderr);
    const line = Number(/relapse\.env\.json:(\d+): /.exec(stderr)?.[1]);
    return [readFileSync(file, "utf8").split("\n")[line - 1], stderr];
  };
  const cases = [
    [(one) => (one.names.NEW_AUTH_KEY = "requird"), /NEW_AUTH_KEY/, /did you mean 'required'/],
    [(one) => (one.names.NEW_AUTH_KEY = 3), /NEW_AUTH_KEY/, /what 'NEW_AUTH_KEY' needs is not said/],
    [(one) => (one.build.ouput = "dist"), /ouput/, /did you mean 'output'/],
    [(one) => (one.deploy.workflow = ".github/workflows/deplyo.yml"), /workflow/, /'deploy.yml'/],
    [(one) => (one.deploy.job = "wbe"), /job/, /did you mean 'web'/],
    [(one) => (one.deploy.values.var = {}), /var/, /did you mean 'vars'/],
  ];
  for (const [change, where, what] of cases) {
    const [line, stderr] = await said(change);
    assert.match(line ?? "", where, stderr);
    assert.match(stderr, what);
  }
});

test("init writes a contract that check can read, and no second one", async (t) => {
  const folder = tree(t, {
    ".github/workflows/deploy.yml": deploy("NEW_AUTH_KEY"),
    ".github/actions/ship/action.yml": action,
    "package.json": JSON.stringify({ scripts: { build: "vite build" } }),
    "src/a.ts": "export const key = import.meta.env.NEW_AUTH_KEY;\n",
  });
  const first = await relapse(["env", "init", "--project", folder]);
  assert.equal(first.code, 0, first.stderr);
  const written = JSON.parse(readFileSync(join(folder, "relapse.env.json"), "utf8"));
  assert.equal(written.build.command, "npm run build");
  assert.equal(written.deploy.job, "web");
  assert.equal(written.names.NEW_AUTH_KEY.need, "required");
  assert.equal((await relapse(["env", "init", "--project", folder])).code, 2);
});
