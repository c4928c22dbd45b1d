#include "catch.h"
#include "scan_helpers.h"

using namespace relapse::env;

TEST_CASE("Rust") {
  const char* text = R"x(use std::env;
const A: &str = env!("A");
const B: Option<&str> = option_env!("B");
const C: &str = option_env!("C").unwrap_or("c");
fn f<'a>(x: &'a str) -> char { env::var("D").unwrap(); std::env::var_os("E"); 'q' }
fn g() { env::var("F").unwrap_or_else(|_| "f".into()); env::var("G").unwrap_or_else(|_| panic!()); }
/* env!("NO") /* nested */ env!("NO") */
const S: &str = r#"env::var("NO")"#; // env::var("NO")
const NAME: &str = "H";
fn h() { env::var(NAME); env::var(x); env::vars(); }
const V: &str = env!("CARGO_PKG_VERSION");
)x";
  CHECK(found_in("src/a.rs", text) == Lines{"A:2 env!", "B:3 option_env!",
                                            "C:4 option_env! default", "D:5 std::env::var",
                                            "E:5 std::env::var_os", "F:6 std::env::var default",
                                            "G:6 std::env::var", "H:10 std::env::var"});
  CHECK(blind_in("src/a.rs", text) == Lines{"10 std::env::var", "10 std::env::vars"});
  CHECK(found_in("build.rs", R"x(println!("cargo:rustc-env=GIT={}", v);)x") ==
        Lines{"GIT:1 cargo:rustc-env set"});
  CHECK(found_in("sub/build.rs", R"x(env::var("PROFILE"); env::var("A");)x") ==
        Lines{"A:1 std::env::var"});
  CHECK(found_in("src/b.rs", R"x(env::var("PROFILE");)x") == Lines{"PROFILE:1 std::env::var"});
}

TEST_CASE("C and C++") {
  const char* text = R"y(char *getenv(const char *name); /* getenv("NO") */
#define VAR "A"
const char *a = getenv(VAR), *b = std::getenv("B"), *c = secure_getenv("C");
const char *no = "getenv(\"NO\")", *raw = R"x(getenv("NO"))x"; // getenv("NO")
char q = '"'; const char *d = getenv("D") ?: "d"; getenv(name);
setenv("E", "1", 1); use(getenv("E")); foo.getenv("NO");
)y";
  CHECK(found_in("a.c", text) == Lines{"A:3 getenv", "B:3 getenv", "C:3 secure_getenv",
                                       "D:5 getenv default", "E:6 setenv set",
                                       "E:6 getenv assigned"});
  CHECK(blind_in("a.c", text) == Lines{"5 getenv"});
}

TEST_CASE("Python") {
  const char* text = R"x(import os
from os import environ, getenv
a = os.environ["A"]; b = os.environ.get("B"); c = os.getenv("C", "c")
d = os.environ.get("D", None); e = os.getenv("E", ""); f = getenv("F") or "f"
"""os.environ["NO"]"""  # os.environ["NO"]
g = f"x {os.environ['G']} {{os.environ['NO']}}"
if "H" not in os.environ: raise SystemExit
os.environ["I"] = "1"
print(os.environ["I"], environ["J"], os.environ[name])
for key in ["K", "L"]: os.environ[key]
subprocess.run(x, env=dict(os.environ))
)x";
  CHECK(found_in("a.py", text) ==
        Lines{"A:3 os.environ", "B:3 os.environ.get", "C:3 os.getenv default", "D:4 os.environ.get",
              "E:4 os.getenv", "F:4 os.getenv default", "G:6 os.environ", "H:7 os.environ",
              "I:8 os.environ set", "I:9 os.environ assigned", "J:9 os.environ", "K:10 os.environ",
              "L:10 os.environ"});
  CHECK(blind_in("a.py", text) == Lines{"9 os.environ", "11 os.environ as a whole"});
}

TEST_CASE("Go") {
  const char* text =
      "package main // os.Getenv(\"NO\")\n"
      "const name = \"C\"\n"
      "func f() { os.Getenv(\"A\"); os.LookupEnv(\"B\"); os.Getenv(name)\n"
      "  x := `os.Getenv(\"NO\")`; os.ExpandEnv(\"$D/${E}\"); os.Environ() }\n";
  CHECK(found_in("a.go", text) == Lines{"A:3 os.Getenv", "B:3 os.LookupEnv", "C:3 os.Getenv",
                                        "D:4 os.ExpandEnv", "E:4 os.ExpandEnv"});
  CHECK(blind_in("a.go", text) == Lines{"4 os.Environ"});
}

TEST_CASE("shell: only what the script does not assign") {
  const char* text = R"x(#!/bin/bash
# $NO1
echo '$NO2' "$A" ${B:-b} ${C-} ${D:?needed} \$NO3 $1 $? $$
OWN=1; echo $OWN
E="${E:-e}"
: "${F:=f}"; echo "$F"
for i in a b; do echo $i; done
while read -r one two; do echo $one $two; done < file
local_only() { local x=1 y; echo $x $y; }
cat <<END
$G ${H}
END
cat <<'END'
$NO4
END
echo "$(echo "$I" `echo $J`)" ${K:+k} ${#L} ${!M}
docker build --build-arg NAME=$N .
if [ -z "$O" ]; then exit 1; fi
. ./other.sh
)x";
  CHECK(found_in("run.sh", text) ==
        Lines{"A:3 shell", "B:3 shell default", "C:3 shell", "D:3 shell", "E:5 shell default",
              "F:6 shell default", "G:11 shell", "H:11 shell", "I:16 shell", "J:16 shell",
              "K:16 shell folded", "L:16 shell", "M:16 shell", "N:17 shell", "O:18 shell"});
  CHECK(blind_in("run.sh", text) ==
        Lines{"16 ${!…}", "19 another script is read here, which may set variables"});
}

TEST_CASE("Dockerfile and compose") {
  CHECK(found_in("Dockerfile", R"(# ARG NO
ARG BASE=node
FROM $BASE
ARG A
ARG B=b \
    C
ENV A=$A D=1 E=${F}
RUN echo "$A $C $G" && \
    # $NO
    npm run build
CMD node server.js --port $PORT
COPY . .
)") == Lines{"BASE:2 ARG default", "A:4 ARG", "B:5 ARG default", "C:6 ARG", "D:7 ENV set",
             "E:7 ENV set", "F:7 ENV", "G:8 RUN", "PORT:11 CMD"});
  CHECK(blind_in("Dockerfile", "FROM x\nCOPY . /y\n").empty());
  CHECK(found_in("compose.yaml", R"(services:
  web: # ${NO}
    image: "x:${TAG:-latest}"
    environment:
      - PASSED
      - SET=1
      - FROM=${OUTER}
    command: echo $$NO ${LATE}
    build: { args: [ARGUMENT] }
)") == Lines{"TAG:3 compose default", "PASSED:5 compose", "SET:6 compose set", "FROM:7 compose set",
             "OUTER:7 compose", "LATE:8 compose", "ARGUMENT:9 compose"});
}

TEST_CASE("make and CMake") {
  CHECK(found_in("Makefile",
                 "# $(NO)\nOWN = 1\nWITH ?= d\nEMPTY ?=\nall: $(OWN)\n"
                 "\t$(CC) -D$(A) $(WITH) $@ $$B $${C:-c} $(shell ls)\n"
                 "\tX=1; echo $$X\n"
                 "ifeq ($(D),)\nendif\nfiles := $(foreach f,a b,$(f)) $(OWN:.c=.o)\n") ==
        Lines{"WITH:3 make ?= default", "EMPTY:4 make ?=", "A:6 make", "B:6 make recipe",
              "C:6 make recipe default", "D:8 make folded"});
  // A condition that ends make is a demand, and make's own variables have make's own defaults.
  CHECK(found_in("Makefile",
                 "CFLAGS ?= -O2\nifndef A\n$(error A is not set)\nendif\nifeq ($(B),)\n"
                 "  $(error B)\nelse\nendif\nifdef C\nx = 1\nelse\n$(error no)\nendif\n"
                 "check := $(if $(D),,$(error D is not set))\ny := $(if $(E),1,2)\n") ==
        Lines{"A:2 make", "B:5 make", "C:9 make folded", "D:14 make", "E:15 make folded"});
  CHECK(found_in("CMakeLists.txt", "set(x $ENV{A}) # $ENV{NO}\nif(DEFINED ENV{B})\n") ==
        Lines{"A:1 $ENV{}", "B:2 $ENV{} folded"});
}

TEST_CASE("workflows, actions, package.json and examples") {
  CHECK(found_in(".github/workflows/deploy.yml", R"(env:
  TOP: ${{ vars.A }} # ${{ vars.NO }}
jobs:
  deploy:
    if: vars.B == 'secrets.NO'
    steps:
      - uses: ./action
        with:
          environment-variables: |
            C=${{ vars.C }}
            D=${{ secrets['D'] || 'x' }}
      - run: |
          echo "$TOP $E ${{ vars.F }}"
          echo "G=1" >> "$GITHUB_ENV"
          echo $G
)") == Lines{"A:2 workflow vars passed", "B:5 workflow vars passed", "C:10 workflow vars passed",
             "D:11 workflow secrets passed", "E:13 workflow run", "F:13 workflow vars passed",
             "GITHUB_ENV:14 workflow run", "TOP:2 workflow env set"});
  CHECK(found_in("package.json",
                 "{\n \"scripts\": {\n  \"a\": \"x\",\n  \"b\": \"OWN=1 vite --base $A\"\n}}") ==
        Lines{"A:4 package.json script"});
  CHECK(found_in(".env.example", "# NO=1\nA=\nexport B=x\n") ==
        Lines{"A:2 .env example declared", "B:3 .env example declared"});
}

TEST_CASE("what the whole says of a name") {
  const auto result = join_findings({
      scan_text("a.ts",
                "process.env.NEEDED; process.env.WITH ?? 'd'; process.env.CI; "
                "process.env.GITHUB_SHA; import.meta.env.MODE; process.env.MODE"),
      scan_text("a.test.ts", "process.env.WITH; process.env.ONLY_TEST"),
      scan_text("b.ts", "if (process.env.FLAG === '1') {}"),
      scan_text("Dockerfile", "ENV SET=1"),
  });
  Lines names;
  for (const auto& name : result.names) {
    names.insert(name.name + (name.needed ? " needed" : " " + name.because));
  }
  CHECK(names == Lines{"NEEDED needed", "WITH has a default", "MODE needed",
                       "ONLY_TEST read only in tests",
                       "FLAG only tested or compared with a constant", "SET only set"});
  CHECK(result.ignored.size() == 3);
  CHECK(result.files == 4);
}

TEST_CASE("an unknown file gives nothing, and no text is an error") {
  CHECK_FALSE(scan_text("a.txt", "process.env.A").known);
  for (const char* file : {"a.tsx", "a.py", "a.rs", "a.sh", "Dockerfile", "Makefile", "a.vue",
                           ".github/workflows/x.yml", "package.json", "a.c"}) {
    for (const char* text :
         {"",   "`${", "\"",  "'",   "{{{",  ")))",  "<a", "<a>{",         "\\",   "${",
          "$(", "`",   "<<E", "f'{", "R\"(", "r#\"", "/*", "process.env[", "[: {", "%"}) {
      scan_text(file, text);
    }
  }
}
