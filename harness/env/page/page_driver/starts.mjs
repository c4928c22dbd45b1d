// Starts a server and waits until it says that it is ready: `node starts.mjs LIMIT_MS READY LINE`.
// LINE is one for the shell; READY is what it prints, empty: it has to end by itself with 0. Ends
// with 0 when it did so, else with 1; what the server printed is printed.

import { spawn } from "node:child_process";
import { stripVTControlCharacters } from "node:util";

const [limit, ready, line] = process.argv.slice(2);

const server = spawn("/bin/sh", ["-c", line], { stdio: ["ignore", "pipe", "pipe"] });
let printed = "";

// What it has started goes with the world.
function end(code, why) {
  if (why) {
    console.error(why);
  }
  server.kill("SIGKILL");
  process.exit(code);
}

for (const stream of [server.stdout, server.stderr]) {
  stream.on("data", (bytes) => {
    process.stdout.write(bytes);
    printed += bytes;
    if (ready && stripVTControlCharacters(printed).includes(ready)) {
      end(0);
    }
  });
}
server.on("close", (code, signal) => {
  end(!ready && code === 0 ? 0 : 1, `it ended with ${signal ?? `exit code ${code}`}`);
});
setTimeout(() => end(1, ready ? `it never printed '${ready}'` : "it came to no end"), Number(limit));
