// One look at one page: everything that it says, asks for and shows until it has come to rest.

import { answerOf } from "./services.mjs";

const textMax = 20_000; // characters of the page's text that are kept
const linesMax = 200; // of each list

// Rest: nothing asked for and nothing changed for so long. A page which is ready, or which has
// thrown, needs less proof than one from which something may still come.
const restMs = 300;
const restAfterThrowMs = 1_000;
const pollMs = 50;

const endless = new Set(["eventsource", "websocket"]);

// In the page: when its content changed last.
function observeChanges() {
  window.__relapse_changed = performance.now();
  new MutationObserver(() => {
    window.__relapse_changed = performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}

// In the page: what a person would see of it.
function describe(textMax) {
  const text = (document.body?.innerText ?? "").slice(0, textMax);
  const lines = text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
  return {
    title: document.title,
    text: lines.filter((line) => line !== ""),
    elements: document.querySelectorAll("body *").length,
    quiet_ms: performance.now() - window.__relapse_changed,
  };
}

export class Watch {
  constructor(page, wanted, services) {
    this.page = page;
    this.wanted = wanted;
    this.services = services;
    this.origin = new URL(wanted.url).origin;
    this.exceptions = [];
    this.consoleErrors = [];
    this.requests = [];
    this.open = new Set(); // requests that are awaited; streams without an end are not
    this.lastSignMs = Date.now();
  }

  sign() {
    this.lastSignMs = Date.now();
  }

  add(list, entry) {
    this.sign();
    if (list.length < linesMax) {
      list.push(entry);
    }
  }

  listen() {
    this.page.on("pageerror", (error) => {
      this.add(this.exceptions, { message: error.message, stack: error.stack ?? "" });
    });
    this.page.on("crash", () => this.add(this.exceptions, { message: "the page crashed", stack: "" }));
    this.page.on("console", (message) => {
      if (message.type() === "error") {
        const { url, lineNumber } = message.location();
        this.add(this.consoleErrors, { message: message.text(), place: `${url}:${lineNumber + 1}` });
      }
    });
    this.page.on("request", (request) => {
      this.sign();
      if (!endless.has(request.resourceType())) {
        this.open.add(request);
      }
    });
    this.page.on("requestfinished", (request) => this.close(request));
    this.page.on("requestfailed", (request) => this.close(request));
    this.page.on("response", (response) => {
      const request = response.request();
      if (new URL(request.url()).origin === this.origin) {
        const outcome = response.status() < 400 ? "served" : `status ${response.status()}`;
        this.note(request.url(), request.method(), outcome, "site");
      }
    });
    this.page.on("websocket", (socket) => this.note(socket.url(), "GET", "websocket", ""));
    this.page.on("dialog", (dialog) => void dialog.dismiss().catch(() => {}));
  }

  note(address, method, outcome, by) {
    const url = new URL(address);
    this.add(this.requests, { host: url.host, path: url.pathname, method, outcome, by });
  }

  close(request) {
    this.open.delete(request);
    this.sign();
  }

  async route(route) {
    const request = route.request();
    const url = new URL(request.url());
    if (url.origin === this.origin) {
      await route.continue();
      return;
    }
    const headers = await request.allHeaders();
    const body = request.postData() ?? "";
    const answer = await answerOf(this.services, { url, method: request.method(), headers, body });
    this.note(url.href, request.method(), answer ? "answered" : "unreachable", answer?.by ?? "");
    await (answer ? route.fulfill(answer.fulfil) : route.abort("namenotresolved"));
  }

  async start() {
    this.listen();
    await this.page.addInitScript(observeChanges);
    await this.page.route("**/*", (route) =>
      this.route(route).catch((error) => {
        // The page may have gone on in between; anything else belongs into the result.
        if (!this.page.isClosed()) {
          this.add(this.consoleErrors, { message: `page driver: ${error.message}`, place: "" });
        }
      }),
    );
    const reply = await this.page.goto(this.wanted.url, {
      waitUntil: "commit",
      timeout: this.wanted.limit_ms,
    });
    return reply?.status() ?? 0;
  }

  async shown(selector) {
    return this.page.locator(selector).first().isVisible();
  }

  // Everything that is asked for shows, and since when.
  async marks() {
    const wanted = [this.wanted.ready, ...(this.wanted.shows ?? [])].filter(Boolean);
    const found = {};
    for (const selector of wanted) {
      found[selector] = await this.shown(selector);
    }
    return found;
  }

  async rest(beganMs) {
    for (;;) {
      const marks = await this.marks();
      const complete = Object.values(marks).every(Boolean);
      const now = await this.page.evaluate(describe, textMax);
      const quietMs = Math.min(Date.now() - this.lastSignMs, now.quiet_ms);
      const sure = complete || this.exceptions.length > 0;
      const enoughMs = complete ? restMs : restAfterThrowMs;
      const overdue = Date.now() - beganMs > this.wanted.limit_ms;
      if (overdue || (sure && this.open.size === 0 && quietMs > enoughMs)) {
        return { marks, settled: !overdue, title: now.title, text: now.text, elements: now.elements };
      }
      await this.page.waitForTimeout(pollMs);
    }
  }

  async look() {
    const beganMs = Date.now();
    const seen = { name: this.wanted.name, url: this.wanted.url, status: 0, marks: {}, text: [] };
    try {
      seen.status = await this.start();
      Object.assign(seen, await this.rest(beganMs));
    } catch (error) {
      seen.trouble = String(error.message).split("\n")[0]; // the page could not be looked at to its end
    }
    seen.exceptions = this.exceptions;
    seen.console_errors = this.consoleErrors;
    seen.requests = this.requests;
    seen.duration_ms = Date.now() - beganMs;
    return seen;
  }

  async picture() {
    try {
      return await this.page.screenshot({ timeout: 10_000, animations: "disabled" });
    } catch {
      return null; // a page that crashed has none
    }
  }
}
