// Preloaded into the runner (node --require): a second of its timers passes in ten milliseconds, so
// that a test sees minutes of heartbeats without a knob in the program under test. The limit of a
// request stays as it is: a shorter one would fail requests that a busy machine only slows down.
"use strict";
const FACTOR = 100;

for (const name of ["setTimeout", "setInterval"]) {
  const original = globalThis[name];
  globalThis[name] = (callback, ms, ...rest) => original(callback, ms / FACTOR, ...rest);
}
