// The contract of fixtures/specimens/runner/run-agent.mjs, held against a stub agent and a control
// plane of the test's own. Nothing here waits for time to pass: every wait is for a condition, and
// the test's limit bounds it.
import assert from "node:assert/strict";
import { existsSync, realpathSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { NEVER, reply, status } from "./runner/control_plane.mjs";
import { ANSWERING_STUB, Rig } from "./runner/rig.mjs";

// Far above what a run takes (a quarter of a second), for machines that are busy elsewhere.
const LIMITS = { timeout: 60_000 };

function contractTest(name, body) {
  test(name, LIMITS, async () => {
    const rig = new Rig();
    try {
      await body(rig);
    } finally {
      await rig.dispose();
    }
  });
}

function completion(rig) {
  const [{ body }] = rig.plane.named("complete");
  return body;
}

// What is sent for the run itself, in order; the heartbeat comes beside it, whenever its time is.
function names(rig) {
  return rig.plane.requests.map(({ name }) => name).filter((name) => name !== "heartbeat");
}

describe("a run that goes well", { concurrency: 2 }, () => {
  contractTest("is reported in order: events one by one, checkpoint, completion", async (rig) => {
    rig.stub(ANSWERING_STUB);
    assert.deepEqual(await rig.run(), { exitCode: 0, signal: null });
    assert.deepEqual(names(rig), ["events", "events", "events", "checkpoints", "complete"]);
    assert.equal(rig.plane.named("heartbeat").length, 1);
    assert.deepEqual(rig.plane.events(), [
      { type: "system", subtype: "init", session_id: "stub-session", sequenceNumber: 1 },
      { type: "assistant", text: "hello", sequenceNumber: 2 },
      { type: "result", subtype: "success", sequenceNumber: 3 },
    ]);
    assert.deepEqual(rig.plane.named("checkpoints")[0].body, {
      runId: rig.runId,
      cliAgentType: "claude-code",
      cliAgentSessionId: "stub-session",
      cliAgentSessionHistory: "the history",
    });
    assert.deepEqual(completion(rig), { runId: rig.runId, exitCode: 0 });
  });

  contractTest("every request is a POST with the token and the run's id", async (rig) => {
    rig.stub(ANSWERING_STUB);
    await rig.run();
    for (const { method, headers, body } of rig.plane.requests) {
      assert.equal(method, "POST");
      assert.equal(headers.authorization, "Bearer token-1");
      assert.equal(headers["content-type"], "application/json");
      assert.equal(body.runId, rig.runId);
    }
  });

  contractTest("the agent gets its options, the whole environment, the folder", async (rig) => {
    rig.stub(`
      init();
      const { argv, env } = process;
      emit({ argv: argv.slice(2), cwd: process.cwd(), extra: env.EXTRA, token: env.VM0_API_TOKEN });
      keepHistory("");
    `);
    await rig.run({ env: { EXTRA: "handed on", VM0_RESUME_SESSION_ID: "session-0" } });
    const [, { argv, cwd, extra, token }] = rig.plane.events();
    assert.deepEqual(argv, [
      "--print", "--verbose", "--output-format", "stream-json", "--dangerously-skip-permissions",
      "--resume", "session-0", "say hello",
    ]);
    assert.equal(cwd, realpathSync(rig.workingDir));
    assert.equal(extra, "handed on");
    assert.equal(token, "token-1");
  });

  contractTest("output that is no JSON goes to the agent's log alone", async (rig) => {
    rig.stub(`process.stdout.write("plain text\\n42\\n"); ${ANSWERING_STUB}`);
    await rig.run();
    assert.equal(rig.plane.events().length, 3);
    assert.match(rig.agentLog(), /^plain text\n42\n\{"type":"system"/);
  });

  contractTest("secrets are masked, plain and encoded, at any depth", async (rig) => {
    rig.stub(`
      init();
      emit({ text: "a p&ss b", deep: [{ coded: "cCZzcw==", escaped: "p%26ss" }], count: 1 });
      keepHistory("");
    `);
    await rig.run({ env: { VM0_SECRET_VALUES: Buffer.from("p&ss").toString("base64") } });
    const [, event] = rig.plane.events();
    assert.deepEqual(event, {
      text: "a *** b", deep: [{ coded: "***", escaped: "***" }], count: 1, sequenceNumber: 2,
    });
  });
});

describe("a control plane that fails", { concurrency: 2 }, () => {
  contractTest("/events fails once: sent again a second later, the run passes", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name, before) =>
      name === "events" && before === 0 ? status(500) : undefined;
    assert.equal((await rig.run()).exitCode, 0);
    const [first, second] = rig.plane.named("events");
    assert.deepEqual(second.body, first.body);
    assert.ok(second.atMs - first.atMs >= 990, `${second.atMs - first.atMs} ms`);
    assert.equal(rig.plane.named("events").length, 4);
  });

  contractTest("/events fails for ever: three tries each, the run fails", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name) => (name === "events" ? status(500) : undefined);
    assert.equal((await rig.run({ fastClock: true })).exitCode, 1);
    const numbers = rig.plane.events().map(({ sequenceNumber }) => sequenceNumber);
    assert.deepEqual(numbers, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    assert.equal(rig.plane.named("checkpoints").length, 0);
    const { exitCode, error } = completion(rig);
    assert.deepEqual({ exitCode, error }, { exitCode: 1, error: "Some events failed to send" });
  });

  contractTest("/complete fails three times: exit 0, the outcome is lost", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name) => (name === "complete" ? status(500) : undefined);
    assert.equal((await rig.run({ fastClock: true })).exitCode, 0);
    assert.equal(rig.plane.named("complete").length, 3);
  });

  contractTest("/complete is never answered: given up after three tries", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name) => (name === "complete" ? NEVER : undefined);
    const preload = rig.write("impatient.cjs", `
      const timeout = AbortSignal.timeout.bind(AbortSignal);
      AbortSignal.timeout = (ms) => timeout(ms === 30_000 ? 300 : ms);
    `);
    assert.equal((await rig.run({ fastClock: true, preload: [preload] })).exitCode, 0);
    assert.equal(rig.plane.named("complete").length, 3);
  });

  contractTest("/checkpoints makes no checkpoint: the run fails", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name) => (name === "checkpoints" ? reply({}) : undefined);
    assert.equal((await rig.run()).exitCode, 1);
    assert.match(completion(rig).error, /no checkpoint was made/);
  });

  contractTest("/heartbeat is refused: ignored", async (rig) => {
    rig.stub(ANSWERING_STUB);
    rig.plane.answer = (name) => (name === "heartbeat" ? status(401) : undefined);
    assert.equal((await rig.run()).exitCode, 0);
  });
});

describe("an agent that fails", { concurrency: 2 }, () => {
  contractTest("its exit code is the run's, its stderr the error", async (rig) => {
    rig.stub(`process.stderr.write("no credit left\\n"); process.exitCode = 7;`);
    assert.equal((await rig.run()).exitCode, 7);
    assert.deepEqual(names(rig), ["complete"]);
    assert.deepEqual(completion(rig), { runId: rig.runId, exitCode: 7, error: "no credit left" });
  });

  contractTest("killed: exit 1, and the signal is named", async (rig) => {
    rig.stub(`process.kill(process.pid, "SIGKILL");`);
    assert.equal((await rig.run()).exitCode, 1);
    assert.equal(completion(rig).error, "Agent killed by SIGKILL");
  });

  contractTest("not on PATH: exit 1, and reported", async (rig) => {
    assert.equal((await rig.run()).exitCode, 1);
    assert.match(completion(rig).error, /ENOENT/);
  });

  contractTest("no session: nothing to keep, the run fails", async (rig) => {
    rig.stub("");
    assert.equal((await rig.run()).exitCode, 1);
    assert.match(completion(rig).error, /named no session/);
  });

  contractTest("no session history: the run fails", async (rig) => {
    rig.stub("init();");
    assert.equal((await rig.run()).exitCode, 1);
    assert.match(completion(rig).error, /no session history/);
  });

  contractTest("a folder whose name the agent encodes otherwise: the run fails", async (rig) => {
    rig.stub(`
      init();
      const project = process.cwd().replace(/[^a-zA-Z0-9]/g, "-"); // as the real agent does
      fs.mkdirSync(process.env.HOME + "/.claude/projects/" + project, { recursive: true });
      fs.writeFileSync(process.env.HOME + "/.claude/projects/" + project + "/stub-session.jsonl", "");
    `);
    assert.equal((await rig.run({ env: { VM0_WORKING_DIR: `${rig.folder}/a.b` } })).exitCode, 1);
    assert.match(completion(rig).error, /no session history/);
  });

  contractTest("a prompt too long for the kernel: exit 1, not reported", async (rig) => {
    rig.stub(ANSWERING_STUB);
    // Not from outside: the kernel refuses such a variable to the runner as well.
    const preload = rig.write("long.cjs", `process.env.VM0_PROMPT = "x".repeat(200_000);`);
    assert.equal((await rig.run({ preload: [preload] })).exitCode, 1);
    assert.match(rig.stderr, /E2BIG/);
    assert.deepEqual(names(rig), []);
  });

  contractTest("it leaves a child with its stdout: the run ends with the child", async (rig) => {
    rig.stub(`
      const { spawn } = require("node:child_process");
      const wait = "fetch(process.env.VM0_API_URL + '/gate')";
      spawn(process.execPath, ["-e", wait], { stdio: ["ignore", "inherit", "ignore"] }).unref();
      init();
      emit({ pid: process.pid });
      keepHistory("");
    `);
    await rig.start();
    await rig.plane.until(() => rig.plane.events().length === 2);
    while (existsSync(`/proc/${rig.plane.events()[1].pid}`)) await pause(5);
    assert.equal(rig.plane.named("complete").length, 0);
    rig.plane.openGate();
    assert.equal((await rig.ended).exitCode, 0);
    assert.equal(rig.plane.named("complete").length, 1);
  });
});

describe("an agent that hangs", { concurrency: 2 }, () => {
  const HANGING_STUB = `setInterval(() => {}, 1000); init(); emit({ pid: process.pid });`;

  contractTest("to the control plane the run is alive, and says nothing else", async (rig) => {
    rig.stub(HANGING_STUB);
    await rig.start({ fastClock: true });
    const counts = () => ["heartbeat", "telemetry"].map((name) => rig.plane.named(name).length);
    await rig.plane.until(() => Math.min(...counts()) >= 3);
    rig.strays.push(rig.plane.events()[1].pid);
    assert.equal(rig.plane.named("complete").length, 0);
    const { systemLog, metrics, networkLogs, sandboxOperations } =
      rig.plane.named("telemetry")[0].body;
    assert.match(systemLog, /agent: pid \d+, stdin ignore/);
    assert.equal(metrics.length, 1);
    assert.deepEqual([networkLogs, sandboxOperations], [[], []]);
  });

  contractTest("SIGTERM ends the runner alone, unreported", async (rig) => {
    rig.stub(HANGING_STUB);
    await rig.start();
    await rig.plane.until(() => rig.plane.events().length === 2);
    const { pid } = rig.plane.events()[1];
    rig.strays.push(pid);
    rig.runner.kill("SIGTERM");
    assert.deepEqual(await rig.ended, { exitCode: null, signal: "SIGTERM" });
    assert.deepEqual(names(rig), ["events", "events"]);
    process.kill(pid, 0); // throws if the agent is gone
  });
});

// What the agent finds on descriptor 0. An end of file is waited for where one is due. That none
// came is looked at after the first event has reached the control plane: the runner reads the
// agent's output only after it has done all that it ever does to the agent's input.
const STDIN_STUB = `
  let text = "";
  const end = new Promise((resolve) => process.stdin.on("end", () => resolve(true)));
  process.stdin.on("data", (chunk) => (text += chunk));
  init();
  await gate();
  const turn = () => new Promise((resolve) => setImmediate(resolve, false));
  const open = async () => { await turn(); return turn(); };
  const ended = await (process.env.END_IS_DUE ? end : Promise.race([end, open()]));
  const fd0 = fs.readlinkSync("/proc/self/fd/0").replace(/\\d+/, "N");
  emit({ fd0, text, ended, argv: process.argv.slice(2) });
  keepHistory("");
  process.exit(0);
`;

const LINE = "one line from the runner\n";
const FRAME = `${JSON.stringify({
  type: "user",
  message: { role: "user", content: "say hello" },
  parent_tool_use_id: null,
  session_id: "",
})}\n`;

const WIRINGS = [
  { wiring: undefined, fd0: "/dev/null", text: "", ended: true, frames: false },
  { wiring: "ignore", fd0: "/dev/null", text: "", ended: true, frames: false },
  { wiring: "pipe", fd0: "socket:[N]", text: "", ended: false, frames: false },
  { wiring: "line-then-open", fd0: "socket:[N]", text: LINE, ended: false, frames: false },
  { wiring: "frame-then-close", fd0: "socket:[N]", text: FRAME, ended: true, frames: true },
  { wiring: "frame-then-open", fd0: "socket:[N]", text: FRAME, ended: false, frames: true },
  { wiring: "open-without-frame", fd0: "socket:[N]", text: "", ended: false, frames: true },
  { wiring: "closed-without-frame", fd0: "socket:[N]", text: "", ended: true, frames: true },
];

describe("the agent's standard input", { concurrency: 2 }, () => {
  for (const { wiring, fd0, text, ended, frames } of WIRINGS) {
    contractTest(`RUNNER_STDIN=${wiring ?? "(not set)"}`, async (rig) => {
      rig.stub(STDIN_STUB);
      const env = { ...(wiring && { RUNNER_STDIN: wiring }), ...(ended && { END_IS_DUE: "1" }) };
      await rig.start({ env });
      await rig.plane.until(() => rig.plane.events().length === 1);
      rig.plane.openGate();
      assert.equal((await rig.ended).exitCode, 0);
      const [, seen] = rig.plane.events();
      assert.deepEqual({ fd0: seen.fd0, text: seen.text, ended: seen.ended }, { fd0, text, ended });
      assert.equal(seen.argv.includes("--input-format"), frames);
      assert.equal(seen.argv.includes("say hello"), !frames);
    });
  }
});

describe("an environment that cannot work is refused before anything is sent", () => {
  const REFUSED = [
    { env: { RUNNER_STDIN: "tty" }, exitCode: 2, says: /RUNNER_STDIN: unknown value "tty"/ },
    { env: { RUNNER_STDIN: "toString" }, exitCode: 2, says: /RUNNER_STDIN: unknown value/ },
    { env: { CLI_AGENT_TYPE: "codex" }, exitCode: 2, says: /CLI_AGENT_TYPE/ },
    { env: { VM0_ARTIFACT_DRIVER: "vas" }, exitCode: 2, says: /VM0_ARTIFACT_DRIVER/ },
    { env: { VM0_WORKING_DIR: "" }, exitCode: 1, says: /VM0_WORKING_DIR is not set/ },
  ];
  for (const { env, exitCode, says } of REFUSED) {
    contractTest(JSON.stringify(env), async (rig) => {
      assert.equal((await rig.run({ env })).exitCode, exitCode);
      assert.match(rig.stderr, says);
      assert.deepEqual(rig.plane.requests, []);
    });
  }
});

describe("the mock agent", { concurrency: 2 }, () => {
  const mock = (prompt, wiring) => ({
    USE_MOCK_CLAUDE: "true", VM0_PROMPT: prompt, RUNNER_STDIN: wiring,
  });

  for (const wiring of ["ignore", "pipe"]) {
    contractTest(`runs the prompt and passes with RUNNER_STDIN=${wiring}`, async (rig) => {
      assert.equal((await rig.run({ env: mock("echo $((6 * 7))", wiring) })).exitCode, 0);
      const [init, , result] = rig.plane.events();
      assert.equal(result.result, "42\n");
      const { cliAgentSessionId, cliAgentSessionHistory } = rig.plane.named("checkpoints")[0].body;
      assert.equal(cliAgentSessionId, init.session_id);
      assert.match(cliAgentSessionHistory, /echo \$\(\(6 \* 7\)\)/);
    });
  }

  contractTest("the script's exit code is the run's", async (rig) => {
    assert.equal((await rig.run({ env: mock("exit 3", "pipe") })).exitCode, 3);
    assert.equal(rig.plane.events()[2].is_error, true);
  });
});
