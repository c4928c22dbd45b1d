// relapse env on a Next.js app as its own tool sets it up: like foreign_builds.test.mjs, and by
// itself because each of its builds takes seconds.
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import {
  builds,
  env_file,
  includes,
  knocked,
  needs,
  observed,
  package_is_there,
  planted,
  scanned,
} from "./foreign_builds.mjs";

test("a Next.js app", async (t) => {
  if (!needs(t, "next", package_is_there("next"))) {
    return;
  }
  const folder = join(builds, "next");
  const build = ["npm", "run", "build"];
  const { wanted, others } = await scanned(folder);
  assert.deepEqual(wanted, [
    "ASSET_PREFIX next.config.mjs:10",
    "NEXT_PUBLIC_API_URL app/status.js:6",
    "ORDERS_DATABASE_URL app/api/orders/route.js:3",
    "ORDERS_TOKEN app/api/orders/route.js:8",
    "RELEASE_TAG next.config.mjs:9",
    "SITE_NAME app/page.js:18",
    "SITE_URL next.config.mjs:1",
  ]);
  assert.deepEqual(others, ["NEXT_PUBLIC_LOCALE", "RELEASE", "TEST_SERVER"]);

  const env = env_file(t, {
    SITE_URL: `https://${planted}.example`,
    NEXT_PUBLIC_API_URL: `https://${planted}.example/api`,
    ORDERS_DATABASE_URL: `postgres://${planted}.example/orders`,
  });
  const seen = await observed(folder, build, "--env-file", env);
  includes(seen, ...wanted, "NEXT_PUBLIC_LOCALE app/page.js:20");
  assert.ok([...seen].every((line) => !line.includes(".next/") && !line.startsWith("NODE_ENV")));

  const { words, report } = await knocked(
    folder,
    build,
    ...["--env-file", env, "--candidates", "ORDERS_DATABASE_URL", "--output", ".next"],
  );
  assert.equal(words.SITE_URL, "loud/loud");
  assert.equal(words.NEXT_PUBLIC_API_URL, "silent/silent");
  // The server reads it when an order comes in. Each build of Next's is otherwise, and on a crowded
  // machine its logs are so in ways that no other build has shown: then nothing is said.
  assert.match(words.ORDERS_DATABASE_URL, /^(none|undecidable)\/(none|undecidable)$/);
  assert.ok(report.names.every(({ unset_detail: detail }) => !/cache/.test(detail?.differs ?? "")));
});
