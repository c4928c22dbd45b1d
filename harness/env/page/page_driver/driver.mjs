// Opens pages in Chromium and writes down what each showed: `node driver.mjs JOB.json`. The job
// names the pages, what answers in place of which service, and the folder for the results:
//
//   { "chromium": "/usr/bin/chromium", "out": "/tmp/page", "services": [ … ],
//     "pages": [ { "name": "built", "url": "http://127.0.0.1:7101/", "ready": "[data-ready]",
//                  "shows": ["text=Sign in"], "limit_ms": 15000 } ] }
//
// It judges nothing. NAME.json and NAME.png go to the folder. It ends with 0 when every page was
// looked at, whatever it showed, with 3 when the browser cannot be used.

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { loadServices } from "./services.mjs";
import { Watch } from "./watch.mjs";

// No sandbox of its own: the world is one, and grants no further namespaces. /dev/shm is small or
// absent in a world. The rest keeps the browser from asking for anything but the page.
const flags = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE *.localhost",
];

// One place and one language, so that a page shows the same to everybody.
const surroundings = {
  locale: "en-US",
  timezoneId: "UTC",
  reducedMotion: "reduce",
  serviceWorkers: "block", // their requests could not be seen, and a first visit has none
  viewport: { width: 1280, height: 800 },
};

async function writeWhole(path, bytes) {
  await writeFile(`${path}.part`, bytes);
  await rename(`${path}.part`, path);
}

async function look(browser, job, services, page) {
  const context = await browser.newContext(surroundings);
  try {
    const watch = new Watch(await context.newPage(), page, services);
    const seen = await watch.look();
    const picture = await watch.picture();
    if (picture) {
      seen.screenshot = `${page.name}.png`;
      await writeWhole(join(job.out, seen.screenshot), picture);
    }
    await writeWhole(join(job.out, `${page.name}.json`), JSON.stringify(seen, null, 2) + "\n");
    return seen;
  } finally {
    await context.close();
  }
}

async function main(path) {
  const job = JSON.parse(await readFile(path, "utf8"));
  await mkdir(job.out, { recursive: true });
  const services = await loadServices(job.services ?? []);
  const browser = await chromium.launch({
    executablePath: job.chromium,
    args: flags,
    chromiumSandbox: false,
    timeout: 60_000, // a cold start on a loaded machine
  });
  try {
    for (const page of job.pages) {
      const seen = await look(browser, job, services, page);
      console.log(`${page.name}: looked at for ${Math.round(seen.duration_ms)} ms`);
    }
  } finally {
    await browser.close();
  }
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(`page driver: ${error.stack ?? error}`);
  process.exitCode = 3;
}
