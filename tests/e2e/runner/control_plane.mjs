// The control plane as a test sees it: every request in order, each reply chosen by the test.
import { once } from "node:events";
import { createServer } from "node:http";

const PREFIX = "/api/webhooks/agent/";
const REPLIES = {
  heartbeat: { ok: true },
  events: { received: 1, firstSequence: 1, lastSequence: 1 },
  telemetry: { success: true, id: "telemetry-1" },
  checkpoints: { checkpointId: "checkpoint-1" },
  complete: { success: true, status: "completed" },
};

// What a test may return for a request in place of the usual reply.
export const NEVER = Symbol("leave the request unanswered");
export const status = (code) => ({ code, body: { error: `HTTP ${code}` } });
export const reply = (body) => ({ code: 200, body });

export class ControlPlane {
  requests = [];
  // name, how many of that name came before -> status(), reply(), NEVER; undefined: as usual
  answer = () => undefined;
  #waiters = [];
  #openGate;
  #gate = new Promise((resolve) => (this.#openGate = resolve));

  async start() {
    this.server = createServer((request, response) => void this.#serve(request, response));
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `http://127.0.0.1:${this.server.address().port}`;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }

  // A program of the test asks for /gate, and goes on when the test says so.
  openGate() {
    this.#openGate();
  }

  named(name) {
    return this.requests.filter((request) => request.name === name);
  }

  events() {
    return this.named("events").flatMap((request) => request.body.events);
  }

  // Resolves once `condition()` holds; looked at after every request, bounded by the test's limit.
  async until(condition) {
    while (!condition()) await new Promise((resolve) => this.#waiters.push(resolve));
  }

  async #serve(request, response) {
    if (request.url === "/gate") {
      await this.#gate;
      response.end();
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const name = request.url.startsWith(PREFIX) ? request.url.slice(PREFIX.length) : request.url;
    const before = this.named(name).length;
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    const { method, headers } = request;
    this.requests.push({ name, method, headers, body, atMs: performance.now() });
    this.#send(response, this.answer(name, before) ?? reply(REPLIES[name]));
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #send(response, answer) {
    if (answer === NEVER) return;
    response.writeHead(answer.code, { "Content-Type": "application/json" });
    response.end(JSON.stringify(answer.body));
  }
}
