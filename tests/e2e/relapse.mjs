// Drives the built program for the tests of this folder: one place for its path, its limits and
// its temporary folders.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const project = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
export const program = join(process.env.RELAPSE_BUILD ?? join(project, "build"), "relapse");

// Starts it; `done` resolves to {code, signal, stdout, stderr}. The limit is a safety net: a test
// that needs it has failed.
export function start(args, { limitMs = 120_000, ...options } = {}) {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text) => (output[stream] += text));
  }
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const done = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, ...output });
    });
  });
  return { child, output, done };
}

export const relapse = (args, options) => start(args, options).done;

// A folder that is gone after the test.
export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "relapse-e2e-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// A runner of somebody's: ours, with another wiring built in.
export function runnerWired(folder, wiring) {
  const source = readFileSync(join(project, "fixtures/specimens/runner/run-agent.mjs"), "utf8");
  const path = join(folder, "run-agent.mjs");
  writeFileSync(path, `process.env.RUNNER_STDIN = "${wiring}";\n${source.replace(/^#!.*\n/, "")}`);
  return path;
}

// Resolves when `condition` gives something true; looks often, waits at most `limitMs`.
export async function until(condition, limitMs = 30_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${limitMs} ms: ${condition}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
