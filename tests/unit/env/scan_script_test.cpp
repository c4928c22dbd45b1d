#include "catch.h"
#include "scan_helpers.h"

using namespace relapse::env;

TEST_CASE("import.meta.env by member, element, pattern and alias") {
  CHECK(found_in("a.ts", R"(const a = import.meta.env.VITE_A;
const b = import.meta.env["VITE_B"];
const c = import.meta.env?.VITE_C;
const { VITE_D, VITE_E: e, VITE_F = "d", "VITE_G": g = undefined } = import.meta.env;
const env = import.meta.env;
use(env.VITE_H, env["VITE_I"], (import.meta as any).env.VITE_J, other.env.VITE_NO);
const { VITE_K } = env;
)") == Lines{"VITE_A:1 import.meta.env", "VITE_B:2 import.meta.env", "VITE_C:3 import.meta.env",
             "VITE_D:4 import.meta.env", "VITE_E:4 import.meta.env",
             "VITE_F:4 import.meta.env default", "VITE_G:4 import.meta.env",
             "VITE_H:6 import.meta.env", "VITE_I:6 import.meta.env", "VITE_J:6 import.meta.env",
             "VITE_K:7 import.meta.env"});
}

TEST_CASE("comments, strings, regular expressions and prose are no code") {
  CHECK(found_in("a.tsx", R"x(// import.meta.env.A
/* process.env.B */
const s = "process.env.C", t = 'import.meta.env.D', u = `process.env.E`;
const r = /process.env.F['"]/.test(s) ? 1 : 2;
const p = <p title="process.env.G">Don't set process.env.H, it's {process.env.I}</p>;
const q = x < y && process.env.J;
const w = `${process.env.K} and ${`${process.env.L}`}`;
const half = a / 2; const z = process.env.M / 3;
const list = <><Foo bar={import.meta.env.N} /><a href='process.env.O'>it's</a></>;
const after = process.env.P;
)x") == Lines{"I:5 process.env", "J:6 process.env", "K:7 process.env", "L:7 process.env",
              "M:8 process.env", "N:9 import.meta.env", "P:10 process.env"});
}

TEST_CASE("what stands in for a missing value, and what does not") {
  CHECK(found_in("a.ts", R"(a(process.env.A ?? "x"); a(process.env.B || 3000);
a(process.env.C ?? ""); a(process.env.D || undefined);
a(process.env.E ?? fail("no E")); a(process.env.F || (() => { throw new Error() })());
a(Number(process.env.G) || 80); a(parseInt(process.env.H!, 10) ?? 1);
a((process.env.I as string) || `x`); a(process.env.J?.trim() || "x");
process.env.K ??= "x"; a(process.env.L || process.env.M);
process.env.N = "x"; a(process.env.N); delete process.env.O;
a(process.env.P ?? config.fallback); a(process.env.Q ?? path.join("a"));
)") == Lines{"A:1 process.env default", "B:1 process.env default", "C:2 process.env",
             "D:2 process.env", "E:3 process.env", "F:3 process.env", "G:4 process.env default",
             "H:4 process.env default", "I:5 process.env default", "J:5 process.env default",
             "K:6 process.env default", "L:6 process.env default", "M:6 process.env",
             "N:7 process.env set", "N:7 process.env assigned", "P:8 process.env default",
             "Q:8 process.env default"});
}

TEST_CASE("a value that is only tested is a choice like any other") {
  CHECK(found_in("a.ts", R"(if (import.meta.env.A === "1") {}
const b = "on" !== import.meta.env.B;
const c = import.meta.env.C ? 1 : 2;
import.meta.env.D && start();
if (import.meta.env.E) {}
if (!import.meta.env.F) throw new Error("F");
const has = "G" in process.env;
if (import.meta.env.H === undefined) throw 1;
)") == Lines{"A:1 import.meta.env folded", "B:2 import.meta.env folded",
             "C:3 import.meta.env folded", "D:4 import.meta.env folded",
             "E:5 import.meta.env folded", "F:6 import.meta.env", "G:7 process.env folded",
             "H:8 import.meta.env"});
}

TEST_CASE("names built at run time are blind spots, unless the file tells them") {
  const char* text = R"(const KEY = "KNOWN";
a(process.env[KEY]);
a(process.env[name]);
a(import.meta.env[`VITE_${x}`]);
for (const one of ["LIST_A", "LIST_B"]) { if (!process.env[one]) throw 1; }
const names = ["LIST_C", "LIST_D"] as const;
names.forEach((n) => check(process.env[n]));
spawn("x", { env: { ...process.env } });
const { X, ...rest } = process.env;
)";
  CHECK(found_in("a.ts", text) == Lines{"KNOWN:2 process.env", "LIST_A:5 process.env",
                                        "LIST_B:5 process.env", "LIST_C:7 process.env",
                                        "LIST_D:7 process.env", "X:9 process.env"});
  CHECK(blind_in("a.ts", text) == Lines{"3 process.env[…]", "4 import.meta.env[`VITE_${}`]",
                                        "8 process.env as a whole", "9 process.env"});
}

TEST_CASE("the configuration of bundlers") {
  const char* text = R"(import { defineConfig, loadEnv } from "vite";
export default defineConfig(({ mode }) => {
  const env = loadEnv(mode, process.cwd(), "");
  return { envPrefix: ["VITE_", "NEXT_PUBLIC_"],
    define: { "process.env.DEFINED": JSON.stringify(env.FROM_FILE), __V__: "1" } };
});
new webpack.EnvironmentPlugin(["LISTED"]); new webpack.EnvironmentPlugin({ WITH: "d", NONE: null });
)";
  CHECK(found_in("vite.config.ts", text) ==
        Lines{"DEFINED:5 define set", "FROM_FILE:5 loadEnv", "LISTED:7 EnvironmentPlugin",
              "WITH:7 EnvironmentPlugin default", "NONE:7 EnvironmentPlugin"});
  const auto findings = scan_text("vite.config.ts", text);
  REQUIRE(findings.prefixes.size() == 1);
  CHECK(findings.prefixes[0].prefixes == std::vector<std::string>{"VITE_", "NEXT_PUBLIC_"});
  CHECK(findings.prefixes[0].line == 4);
}

TEST_CASE("a name that the build's settings give to the code is wanted where they read it") {
  const auto judged = [](const std::vector<FileFindings>& files) {
    Lines out;
    for (const auto& name : join_findings(files).names) {
      out.insert(name.name + (name.needed ? " needed" : " " + name.because));
    }
    return out;
  };
  const auto code = scan_text("src/a.ts", "process.env.A; process.env.B");
  CHECK(judged({code, scan_text("vite.config.ts",
                                "define: { 'process.env.A': JSON.stringify(process.env.A),"
                                " 'process.env.B': JSON.stringify(version) }")}) ==
        Lines{"A needed", "B set by the build's own settings"});
  CHECK(judged({code, scan_text("next.config.mjs",
                                "const c = { env: { A: process.env.FROM, B: f({ C: 1 }) } };")}) ==
        Lines{"A set by the build's own settings", "B set by the build's own settings",
              "FROM needed"});
  // Of another package of the same tree, and of a folder that holds settings only.
  CHECK(judged({scan_text("one/src/a.ts", "process.env.A"),
                scan_text("two/vite.config.ts", "define: { 'process.env.A': '1' }")}) ==
        Lines{"A needed"});
  CHECK(judged({scan_text("one/src/a.ts", "process.env.A"),
                scan_text("one/config/webpack.prod.js", "({ 'process.env.A': '1' })")}) ==
        Lines{"A set by the build's own settings"});
}

TEST_CASE("a name that is handed to a function of the same file") {
  CHECK(found_in("a.ts",
                 "function need(name: string) { const v = process.env[name]; return v; }\n"
                 "const or = (key: string, d = 1) => process.env[key] ?? d;\n"
                 "need('A'); or('B', 2); other('NO');") ==
        Lines{"A:1 process.env", "B:2 process.env default"});
  CHECK(found_in("a.go",
                 "func getEnv(key, d string) string { return os.Getenv(key) }\n"
                 "var a = getEnv(\"A\", \"d\")") == Lines{"A:1 os.Getenv"});
  CHECK(found_in("a.py", "def need(name):\n  return os.environ[name]\nneed('A')") ==
        Lines{"A:2 os.environ"});
}

TEST_CASE("schemas over the whole environment") {
  const char* keys = "{ A: z.string(), B: z.string().optional(), C: z.number().default(1) }";
  const Lines found = {"A:1 process.env", "B:1 process.env default", "C:1 process.env default"};
  const auto in = [&](const char* before, const char* after) {
    return found_in("env.ts", std::string(before) + keys + after);
  };
  CHECK(in("const S = z.object(", "); export const env = S.parse(process.env);") == found);
  CHECK(in("z.object(", ").safeParse(process.env)") == found);
  CHECK(in("cleanEnv(process.env, ", ")") == found);
  CHECK(in("const S = v.object(", "); v.parse(S, process.env)") == found);
  CHECK(in("createEnv({ server: ", ", runtimeEnv: process.env })") == found);
  CHECK(found_in("env.ts",
                 "createEnv({ server: { A: z.string(), B: z.string().optional() },\n"
                 "runtimeEnv: { A: process.env.A, B: process.env.B } })") ==
        Lines{"A:2 process.env", "B:2 process.env default"});
  CHECK(blind_in("env.ts", "send(process.env, opts)").size() == 1);
}

TEST_CASE("modules that stand for the environment") {
  CHECK(found_in("a.ts", R"(import { SECRET, type T, OTHER as o } from "$env/static/private";
import { env } from "$env/dynamic/public";
import { env as e } from "node:process";
import { KEY } from "astro:env/server";
a(env.PUBLIC_X, e.Y);
)") == Lines{"SECRET:1 $env/static/private", "T:1 $env/static/private",
             "OTHER:1 $env/static/private", "KEY:4 astro:env/server",
             "PUBLIC_X:5 $env/dynamic/public", "Y:5 process.env"});
}

TEST_CASE("Vue, Svelte, Astro and HTML") {
  CHECK(found_in("a.vue", R"(<template><!-- {{ import.meta.env.NO }} -->
  <p :title="import.meta.env.A">it's {{ import.meta.env.B }} import.meta.env.NO2</p>
</template>
<script setup lang="ts">
const env = import.meta.env; const c = env.C;
</script>
)") == Lines{"A:2 import.meta.env", "B:2 import.meta.env", "C:5 import.meta.env"});
  CHECK(found_in("a.svelte",
                 "<script>let a = import.meta.env.A</script>\n<p>{import.meta.env.B}</p>") ==
        Lines{"A:1 import.meta.env", "B:2 import.meta.env"});
  CHECK(found_in("a.astro",
                 "---\nconst a = import.meta.env.A;\n---\n<p>it's {import.meta.env.B}</p>") ==
        Lines{"A:2 import.meta.env", "B:4 import.meta.env"});
  CHECK(found_in("index.html",
                 "<!-- %VITE_NO% -->\n<a href=\"x%20y%E2%80\">%VITE_A%</a>%MODE%\n"
                 "<script type=module>import.meta.env.VITE_B</script>") ==
        Lines{"VITE_A:2 %…% in HTML", "VITE_B:3 import.meta.env"});
}

TEST_CASE("a file of tests is marked, and so are parts of one") {
  CHECK(found_in("src/__tests__/a.ts", "process.env.A") == Lines{"A:1 process.env test"});
  CHECK(found_in("src/a.test.tsx", "process.env.A") == Lines{"A:1 process.env test"});
  CHECK(found_in("src/latest/a.ts", "process.env.A") == Lines{"A:1 process.env"});
  CHECK(found_in("a.rs",
                 "#[cfg(test)]\nmod tests { fn f() { std::env::var(\"A\"); } }\n"
                 "fn g() { std::env::var(\"B\"); }") ==
        Lines{"A:2 std::env::var test", "B:3 std::env::var"});
}
