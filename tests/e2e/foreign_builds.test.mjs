// relapse env on builds as their own tools set them up (fixtures/builds): what is asserted is what
// somebody says who has read those sources with care.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import {
  ask,
  ask_of,
  builds,
  env_file,
  includes,
  knocked,
  needs,
  observed,
  package_is_there,
  planted,
  program_is_there,
  scanned,
} from "./foreign_builds.mjs";
import { temporaryFolder } from "./relapse.mjs";

test("a Vite app from its template", async (t) => {
  if (!needs(t, "vite", package_is_there("vite"))) {
    return;
  }
  const folder = join(builds, "vite");
  const build = ["npm", "run", "build"];
  const { wanted, others, ignored } = await scanned(folder);
  assert.deepEqual(wanted, [
    "PUBLIC_ORIGIN vite.config.ts:9",
    "RELEASE vite.config.ts:5",
    "VITE_API_URL src/settings.ts:2",
    "VITE_APP_TITLE index.html:7",
  ]);
  assert.ok(["DEV_PORT", "VITE_SHOW_COUNTER", "VITE_SUPPORT_EMAIL"].every((n) => others.includes(n)));
  assert.ok(!others.includes("VITE_QUOTED") && !others.includes("VITE_OLD_API_URL"));
  assert.ok(ignored.includes("CI") && ignored.includes("DEV"));

  const env = env_file(t, {
    RELEASE: planted,
    PUBLIC_ORIGIN: `https://${planted}.example/app/`,
    VITE_API_URL: `https://${planted}.example`,
    VITE_APP_TITLE: planted,
  });
  const seen = await observed(folder, build, "--env-file", env);
  includes(seen, ...wanted, "DEV_PORT vite.config.ts:10");
  includes(seen, "VITE_SHOW_COUNTER src/settings.ts:4", "VITE_SUPPORT_EMAIL src/settings.ts:3");
  assert.equal(seen.size, 7, [...seen].join("\n"));

  const { words, report } = await knocked(
    folder,
    build,
    ...["--env-file", env, "--candidates", "VITE_SHOW_COUNTER,VITE_QUOTED", "--output", "dist"],
  );
  assert.deepEqual(words, {
    RELEASE: "loud/loud",
    PUBLIC_ORIGIN: "obscure/obscure", // "Invalid URL", and not of what
    VITE_API_URL: "silent/silent",
    VITE_APP_TITLE: "silent/silent", // a warning, and "%VITE_APP_TITLE%" in the page
    VITE_SHOW_COUNTER: "none/none",
    VITE_QUOTED: "none/none",
  });
  assert.equal(report.reference.deterministic, true);
  assert.equal(report.reference.passes, true);
});

test("the Vite app's deploy step, against its contract", async (t) => {
  if (!needs(t, "vite", package_is_there("vite"))) {
    return;
  }
  const folder = join(builds, "vite");
  const values = join(temporaryFolder(t), "values.json");
  writeFileSync(values, JSON.stringify({ vars: { API_URL: planted } }));
  const step = [".github/workflows/site.yml", "--job", "site", "--values", values];
  const supply = (await ask(folder, "supplied", "--workflow", ...step)).report;
  const states = Object.fromEntries(
    supply.names.map(({ name, state, file, line }) => [name, `${state} ${file}:${line}`]),
  );
  assert.equal(states.PUBLIC_ORIGIN, "set .github/workflows/site.yml:9");
  assert.equal(states.RELEASE, "set .github/workflows/site.yml:22");
  assert.equal(states.VITE_API_URL, "set .github/workflows/site.yml:23");
  assert.ok(!("TEST_SERVICE_URL" in states), "given to the tests alone");

  const { code, report } = await ask(folder, "check");
  assert.equal(code, 1);
  const verdicts = Object.fromEntries(report.names.map(({ name, state }) => [name, state]));
  assert.equal(verdicts.VITE_APP_TITLE, "fail"); // nobody supplies it
  assert.equal(verdicts.VITE_API_URL, "fail"); // supplied, but the build would not notice
  assert.equal(verdicts.RELEASE, "ok");
  assert.equal(verdicts.PUBLIC_ORIGIN, "ok");
  assert.equal(verdicts.VITE_SUPPORT_EMAIL, "optional");
});

test("a Rust program: env!, option_env!, std::env::var and a build script", async (t) => {
  if (!needs(t, "cargo", program_is_there("cargo"))) {
    return;
  }
  const folder = join(builds, "rust");
  const build = ["cargo", "build", "--release"];
  const { wanted, others } = await scanned(folder);
  assert.deepEqual(wanted, [
    "BUILD_LABEL src/main.rs:5",
    "SCHEMA_VERSION build.rs:5",
    "SERVICE_TOKEN src/main.rs:12",
    "SERVICE_URL src/main.rs:4",
  ]);
  assert.deepEqual(others, ["BUILD_PROFILE", "LISTEN_PORT", "TEST_SERVICE_URL"]);

  const env = env_file(t, {
    SERVICE_URL: `https://${planted}.example`,
    SCHEMA_VERSION: planted,
    BUILD_LABEL: planted,
    SERVICE_TOKEN: planted,
  });
  const seen = await observed(folder, build, "--env-file", env);
  includes(seen, ...wanted, "SERVICE_URL", "SCHEMA_VERSION"); // also by the compiler and the script
  const expected = {
    SERVICE_URL: "loud/silent", // env! takes an empty one
    SCHEMA_VERSION: "obscure/silent", // unwrap() says that something is not present
    BUILD_LABEL: "silent/silent",
    SERVICE_TOKEN: "none/none", // read when it runs
  };
  const supplied = await knocked(
    folder,
    build,
    ...["--env-file", env, "--candidates", "LISTEN_PORT", "--output", "target/release"],
  );
  assert.deepEqual(supplied.words, { ...expected, LISTEN_PORT: "none/none" });
  const { words } = await knocked(folder, build, "--output", "target/release");
  assert.deepEqual(words, { ...expected, LISTEN_PORT: "none/none", BUILD_PROFILE: "none/none" });
});

test("a C program: getenv when it runs, a macro from make's environment", async (t) => {
  const folder = join(builds, "c");
  const { wanted, others } = await scanned(folder);
  assert.deepEqual(wanted, [
    "LOG_LEVEL notifier.c:8",
    "NOTIFIER_TOKEN notifier.c:9",
    "PRODUCT_KEY Makefile:6",
    "UPSTREAM_HOST Makefile:12",
    "WORKER_COUNT Makefile:12",
  ]);
  assert.deepEqual(others, ["PREFIX"]);

  const env = env_file(t, {
    PRODUCT_KEY: planted,
    UPSTREAM_HOST: `${planted}.example`,
    WORKER_COUNT: 4,
    LOG_LEVEL: "debug",
    NOTIFIER_TOKEN: planted,
  });
  includes(await observed(folder, ["make"], "--env-file", env), ...wanted);
  const expected = {
    PRODUCT_KEY: "loud/loud",
    UPSTREAM_HOST: "silent/silent",
    WORKER_COUNT: "obscure/obscure",
    LOG_LEVEL: "none/none",
    NOTIFIER_TOKEN: "none/none",
  };
  const supplied = await knocked(
    folder,
    ["make"],
    ...["--env-file", env, "--candidates", "COMMENTED_OUT,QUOTED", "--output", "build"],
  );
  assert.deepEqual(supplied.words, { ...expected, COMMENTED_OUT: "none/none", QUOTED: "none/none" });
  const { words } = await knocked(folder, ["make"], "--output", "build");
  assert.deepEqual(words, { ...expected, PREFIX: "silent/silent" });

  // What it wants when it runs: the program that was built has to refuse without it.
  const built = join(temporaryFolder(t), "c");
  cpSync(folder, built, { recursive: true });
  execFileSync("make", ["-s"], { cwd: built, env: { ...process.env, PRODUCT_KEY: "1", WORKER_COUNT: "2" } });
  const judged = async (token, level) => {
    writeFileSync(
      join(built, "relapse.env.json"),
      JSON.stringify({ names: { NOTIFIER_TOKEN: { need: token, sample: planted }, LOG_LEVEL: level } }),
    );
    return ask_of(built, "check", ["./build/notifier"]);
  };
  assert.equal((await judged("required", "optional")).code, 0);
  const strict = await judged("required", "required");
  assert.equal(strict.code, 1);
  assert.equal(strict.report.names.find(({ name }) => name === "LOG_LEVEL").state, "fail");
});

test("a Dockerfile, and two ways to hand it its arguments", async (t) => {
  const folder = join(builds, "docker");
  const { wanted, others } = await scanned(folder);
  assert.deepEqual(wanted, ["ANALYTICS_ID Dockerfile:8", "API_URL Dockerfile:6"]);
  assert.ok(["RELEASE", "NODE_VERSION", "PORT"].every((name) => others.includes(name)));
  assert.ok(["COMMENTED_OUT", "NPM_TOKEN", "asset"].every((name) => !others.includes(name)));

  const values = join(temporaryFolder(t), "values.json");
  const supply = async (job, vars) => {
    writeFileSync(values, JSON.stringify({ vars }));
    const file = ".github/workflows/image.yml";
    const { report } = await ask(folder, "supplied", "--workflow", file, "--job", job, "--values", values);
    return Object.fromEntries(report.names.map(({ name, state, line }) => [name, `${state} ${line}`]));
  };
  for (const [job, lines] of Object.entries({
    "by-hand": { API_URL: 14, RELEASE: 18, ANALYTICS_ID: 19 },
    "by-action": { API_URL: 38, RELEASE: 39, ANALYTICS_ID: 40 },
  })) {
    const states = await supply(job, { API_URL: planted });
    assert.equal(states.API_URL, `set ${lines.API_URL}`);
    assert.equal(states.RELEASE, `set ${lines.RELEASE}`);
    assert.equal(states.ANALYTICS_ID, `empty ${lines.ANALYTICS_ID}`); // no such variable is set
  }
});
