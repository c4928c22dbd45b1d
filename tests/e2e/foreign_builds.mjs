// Asks relapse env about builds as their own tools set them up (fixtures/builds).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { project, relapse, temporaryFolder } from "./relapse.mjs";

export const builds = join(project, "fixtures/builds");

// A tool that is not there is a failure where everything has to work.
export function needs(t, what, isThere) {
  if (!isThere) {
    assert.notEqual(process.env.RELAPSE_MUST_WORK, "1", `${what} is missing: make setup`);
    t.skip(`${what} is missing`);
  }
  return isThere;
}
export const package_is_there = (name) => existsSync(join(builds, "node_modules", name, "package.json"));
export function program_is_there(name) {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// Everything that is supplied holds this, and nothing that is written does.
export const planted = "planted-value";

export async function ask(cwd, ...args) {
  const { code, stdout, stderr } = await relapse(["env", ...args, "--json"], { cwd });
  assert.notEqual(stdout, "", stderr);
  assert.ok(!`${stdout}${stderr}`.includes(planted), `a value is shown by env ${args[0]}`);
  return { code, report: JSON.parse(stdout) };
}
// With the options before "--".
export async function ask_of(cwd, command, build, ...args) {
  const { code, stdout, stderr } = await relapse(
    ["env", command, "--json", ...args, "--", ...build],
    { cwd, limitMs: 240_000 },
  );
  assert.notEqual(stdout, "", stderr);
  assert.ok(!`${stdout}${stderr}`.includes(planted), `a value is shown by env ${command}`);
  return { code, report: JSON.parse(stdout) };
}

export function env_file(t, values) {
  const file = join(temporaryFolder(t), "env");
  writeFileSync(file, Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join(""));
  return file;
}

// What is wanted, and what is named and not wanted, by name.
export async function scanned(folder) {
  const { report } = await ask(folder, "scan");
  const read = (name) => name.places.find(({ role }) => role === undefined || role === "read");
  const shown = (name) => `${name.name} ${read(name).file}:${read(name).line}`;
  return {
    wanted: report.names.filter(({ needed }) => needed).map(shown),
    others: report.names.filter(({ needed }) => !needed).map(({ name }) => name),
    ignored: report.ignored.map(({ name }) => name),
  };
}

export async function observed(folder, build, ...args) {
  const { code, report } = await ask_of(folder, "observe", build, ...args);
  assert.equal(code, 0, report.end);
  return new Set(report.names.map(({ name, file, line }) => (file ? `${name} ${file}:${line}` : name)));
}

export async function knocked(folder, build, ...args) {
  const before = readdirSync(folder).sort();
  const { report } = await ask_of(folder, "knockout", build, ...args);
  assert.deepEqual(readdirSync(folder).sort(), before, "the folder was changed");
  return {
    report,
    words: Object.fromEntries(
      report.names.map(({ name, unset, empty }) => [name, `${unset}/${empty}`]),
    ),
  };
}

export function includes(set, ...lines) {
  for (const line of lines) {
    assert.ok(set.has(line), `${line} is not in\n${[...set].join("\n")}`);
  }
}
