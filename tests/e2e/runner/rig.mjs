// One run of the runner: a folder, a stub agent named `claude`, a control plane, and the process.
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ControlPlane } from "./control_plane.mjs";

const RUNNER = fileURLToPath(
  new URL("../../../fixtures/specimens/runner/run-agent.mjs", import.meta.url),
);
const FAST_CLOCK = fileURLToPath(new URL("./fast_clock.cjs", import.meta.url));

// What every stub agent starts with; a test writes the rest, the body of an async function.
const STUB_HEAD = `#!${process.execPath}
const fs = require("node:fs");
const SESSION = "stub-session";
const emit = (event) => process.stdout.write(JSON.stringify(event) + "\\n");
const init = () => emit({ type: "system", subtype: "init", session_id: SESSION });
const gate = () => fetch(process.env.VM0_API_URL + "/gate");
function keepHistory(text) {
  const project = process.cwd().replaceAll("/", "-");
  const folder = process.env.HOME + "/.claude/projects/" + project;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(folder + "/" + SESSION + ".jsonl", text);
}
`;

export const ANSWERING_STUB = `
  init();
  emit({ type: "assistant", text: "hello" });
  emit({ type: "result", subtype: "success" });
  keepHistory("the history");
`;

export class Rig {
  plane = new ControlPlane();
  runId = `contract-${randomUUID()}`;
  folder = mkdtempSync(join(tmpdir(), "runner-contract-"));
  // Processes that outlive the runner on purpose; ended with the rig.
  strays = [];

  constructor() {
    for (const name of ["bin", "home"]) mkdirSync(join(this.folder, name));
    this.workingDir = join(this.folder, "workspace"); // left for the runner to make
    this.home = join(this.folder, "home");
  }

  // A file in the run's folder; gives its path.
  write(name, text) {
    const path = join(this.folder, name);
    writeFileSync(path, text, { mode: 0o755 });
    return path;
  }

  stub(body) {
    this.write("bin/claude", `${STUB_HEAD}(async () => {${body}})();\n`);
  }

  // Starts the runner in an environment made from nothing. `preload`: more files for --require.
  async start({ env = {}, fastClock = false, preload = [] } = {}) {
    await this.plane.start();
    const requires = [...(fastClock ? [FAST_CLOCK] : []), ...preload];
    const args = [...requires.flatMap((file) => ["--require", file]), RUNNER];
    this.runner = spawn(process.execPath, args, {
      env: { ...this.#environment(), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.stderr = "";
    this.runner.stderr.on("data", (chunk) => (this.stderr += chunk));
    this.runner.stdout.resume();
    this.ended = once(this.runner, "close").then(([exitCode, signal]) => ({ exitCode, signal }));
  }

  // The same, to the end: {exitCode, signal}.
  async run(options) {
    await this.start(options);
    return this.ended;
  }

  agentLog() {
    return readFileSync(`/tmp/vm0-agent-${this.runId}.log`, "utf8");
  }

  async dispose() {
    this.runner.kill("SIGKILL");
    this.strays.forEach(end);
    await this.plane.stop();
    rmSync(this.folder, { recursive: true, force: true });
    for (const log of ["main", "agent"]) {
      rmSync(`/tmp/vm0-${log}-${this.runId}.log`, { force: true });
    }
  }

  #environment() {
    return {
      PATH: `${join(this.folder, "bin")}:${dirname(process.execPath)}:/usr/bin:/bin`,
      HOME: this.home,
      VM0_WORKING_DIR: this.workingDir,
      VM0_RUN_ID: this.runId,
      VM0_API_URL: this.plane.url,
      VM0_API_TOKEN: "token-1",
      VM0_PROMPT: "say hello",
    };
  }
}

function end(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error; // gone already
  }
}
