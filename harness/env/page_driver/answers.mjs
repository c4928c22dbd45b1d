// Starts a server and waits until it answers: `node answers.mjs URL LIMIT_MS LINE`. The line is one
// for the shell. Ends with 0 when an answer came, with 1 when the server ended before or never
// answered; what it printed is printed.

import { spawn } from "node:child_process";

const [url, limit, line] = process.argv.slice(2);
const betweenMs = 100; // two questions
const oneMs = 5_000; // for one answer: a development server builds the page first

const server = spawn("/bin/sh", ["-c", line], { stdio: ["ignore", "inherit", "inherit"] });
let ended = null;
server.on("exit", (code, signal) => {
  ended = signal ?? code;
});

async function answered() {
  try {
    const answer = await fetch(url, {
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(oneMs),
    });
    return answer.status < 500;
  } catch {
    return false;
  }
}

const overdueMs = Date.now() + Number(limit);
let up = false;
while (!up && ended === null && Date.now() < overdueMs) {
  up = await answered();
  if (!up) {
    await new Promise((resolve) => setTimeout(resolve, betweenMs));
  }
}
if (!up) {
  console.error(ended === null ? `${url} was never answered` : `it ended with ${ended}`);
}
// What it has started goes with the world.
server.kill("SIGKILL");
process.exit(up ? 0 : 1);
