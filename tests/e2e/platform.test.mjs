// The page check against pages that are broken in the four known ways, and against builds that are
// not ours; the two scenarios of projects, driven as a user drives them.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { project, relapse, temporaryFolder } from "./relapse.mjs";

const platform = join(project, "fixtures/platform");
const contract = join(platform, "relapse.env.json");
const { vars } = JSON.parse(readFileSync(contract, "utf8")).deploy.values;
const key = { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: vars.NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY };
const address = { VITE_API_URL: vars.VITE_API_URL };

// The app without its guard, with `edit` made to its start; built with `env`.
function build(folder, name, env, edit = (source) => source) {
  const app = join(folder, `${name}-app`);
  cpSync(platform, app, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  symlinkSync(join(platform, "node_modules"), join(app, "node_modules"));
  execFileSync("git", ["-C", app, "apply", join(platform, "revisions/unguarded.patch")]);
  const main = join(app, "src/main.tsx");
  writeFileSync(main, edit(readFileSync(main, "utf8")));
  const output = join(folder, name);
  const vite = join(platform, "node_modules/vite/bin/vite.js");
  execFileSync("node", [vite, "build", "--outDir", output, "--emptyOutDir"], {
    cwd: app,
    env: { PATH: process.env.PATH, HOME: folder, ...env },
    stdio: "pipe",
  });
  return output;
}

const synchronous = () => `
  import { createRoot } from "react-dom/client";
  import { App } from "./app";
  import { publishableKey } from "./auth";
  createRoot(document.getElementById("root")!).render(<App publishableKey={publishableKey()} />);`;
const swallowed = (source) => source.replace(/^void start\((.*)\);/m, "start($1).catch(() => {});");

test("pages broken in each known way are told from one that works", async (t) => {
  const folder = temporaryFolder(t);
  const good = build(folder, "good", { ...key, ...address });
  const pages = {
    sync: build(folder, "sync", address, synchronous),
    async: build(folder, "async", address),
    swallowed: build(folder, "swallowed", address, swallowed),
    address: build(folder, "address", key),
    malformed: build(folder, "malformed", { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: "pk_x", ...address }),
  };
  const pictures = join(folder, "pictures");
  const { code, stdout, stderr } = await relapse([
    ...["env", "page", good, ...Object.values(pages), "--reference", good, "--json"],
    ...["--contract", contract, "--screenshots", pictures],
  ]);
  assert.equal(code, 1, stderr);
  const [first, ...rest] = JSON.parse(stdout).pages;
  assert.deepEqual(first.findings, []);
  assert.ok(first.text.includes("Sign in"), "the real clerk-js has come to signed out");
  const found = Object.fromEntries(Object.keys(pages).map((name, i) => [name, rest[i].findings]));
  const missing = /throws: Missing NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY environment variable/;
  assert.match(found.sync[0].sentence, missing);
  assert.match(found.async[0].sentence, missing);
  assert.match(found.malformed[0].sentence, /throws: .*publishableKey passed to Clerk is invalid/);
  assert.equal(found.swallowed[0].oracle, "mark");
  assert.deepEqual(found.address.map((one) => one.oracle), ["text", "hosts"]);
  assert.match(found.address[0].sentence, /says 'The service is away/);
  assert.ok(readdirSync(pictures).filter((name) => name.endsWith(".png")).length >= 6);
});

test("a page that is not ours: no contract, no marks, plain script", async (t) => {
  const folder = temporaryFolder(t);
  const page = (name, script) => {
    mkdirSync(join(folder, name));
    const html = `<!doctype html><p id="p">…</p><script>${script}</script>`;
    writeFileSync(join(folder, name, "index.html"), html);
    return join(folder, name);
  };
  const good = page("good", "setTimeout(() => { p.textContent = 'hello'; }, 50)");
  const late = page("late", "setTimeout(() => { throw new Error('no name'); }, 50)");
  const other = await relapse(["env", "page", good, late, "--json"]);
  assert.equal(other.code, 1, other.stderr);
  const verdicts = JSON.parse(other.stdout).pages.map((one) => one.verdict);
  assert.deepEqual(verdicts, ["pass", "fail"]);
});

test("the incident's tree fails with its cause, and no secret is shown", async (t) => {
  const { code, stdout, stderr } = await relapse([
    ...["calibrate", "platform-missing-env", "--case", "old name only", "--json"],
  ], { limitMs: 200_000 });
  const { secrets } = JSON.parse(readFileSync(contract, "utf8")).deploy.values;
  assert.ok(!(stdout + stderr).includes(secrets.VERCEL_TOKEN));
  const entry = JSON.parse(stdout).scenarios[0];
  assert.equal(entry.verdict, "fail");
  assert.match(entry.reason, /^NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY, wanted by src\/auth\.tsx:\d+/);
  assert.match(entry.reason, /not supplied by \.github\/workflows\/deploy\.yml:\d+/);
  assert.match(entry.reason, /VITE_CLERK_PUBLISHABLE_KEY is supplied and nothing reads it/);
  assert.match(entry.reason, /the build passes, and the page throws: Missing/);
  assert.equal(code, 0, "as it must");
});

test("a package that was not built cannot be published, or does not start", async () => {
  const { code, stdout } = await relapse(["calibrate", "runner-publish-unbuilt", "--json"]);
  const entries = JSON.parse(stdout).scenarios;
  assert.deepEqual(entries.map((one) => one.verdict), ["pass", "fail", "fail"]);
  assert.match(entries[1].reason, /Could not resolve "\.\/dist\/bundled"/);
  assert.equal(code, 0);
});
