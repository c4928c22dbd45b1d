#include "supplied/stand_ins.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace relapse::env {

namespace {

// Between the fields of a script's line; no text of a package.json has it.
constexpr char kField = '\001';

// Everything is looked up below the base: a step may have changed PATH, HOME and the folder. The
// environment comes first, so that it is the caller's and not the stand-in's own. The processes
// around the call tell which file called.
constexpr const char* kRecord = R"sh(#!/bin/sh
/usr/bin/env -0 >"@BASE@/env.$$"
PATH=/usr/local/bin:/usr/bin:/bin
export PATH
n=0
until mkdir "@BASE@/calls/$n" 2>/dev/null; do n=$((n + 1)); done
call="@BASE@/calls/$n"
mv "@BASE@/env.$$" "$call/env"
for word in "$@"; do printf '%s\0' "$word"; done >"$call/argv"
pwd >"$call/folder"
for file in .env .env.*; do
  case "$file" in *[!A-Za-z0-9._-]*) continue ;; esac
  [ -f "$file" ] && cp "$file" "$call/file$file"
done
at=$PPID
above=0
while [ "${at:-0}" -gt 1 ] && [ "$above" -lt 64 ] && [ -r "/proc/$at/cmdline" ]; do
  grep -q -F "@BASE@/driver" "/proc/$at/cmdline" && break
  { readlink "/proc/$at/cwd" | tr -d '\n'; printf '\0'; cat "/proc/$at/cmdline"; } \
    >"$call/parent$above"
  at=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$at/status")
  above=$((above + 1))
done
echo "$n"
)sh";

constexpr const char* kTool = R"sh(#!/bin/sh
"@BASE@/record" "${0##*/}" "$@" >/dev/null
echo "https://deployed.invalid"
)sh";

// A project's own tool within a script: nothing is known of what it prints.
constexpr const char* kForeign = R"sh(#!/bin/sh
"@BASE@/record" "${0##*/}" "$@" >/dev/null
)sh";

// An interpreter within a script: what it runs may call a tool. A build by it would take its time
// and say no more, so that it has little.
constexpr const char* kInterpreter = R"sh(#!/bin/sh
"@BASE@/record" "${0##*/}" "$@" >/dev/null
relapse_rest="$PATH:"
while [ -n "$relapse_rest" ]; do
  relapse_at="${relapse_rest%%:*}"
  relapse_rest="${relapse_rest#*:}"
  case "$relapse_at" in "@BASE@"/*) continue ;; esac
  [ -x "$relapse_at/${0##*/}" ] && exec timeout @SECONDS@ "$relapse_at/${0##*/}" "$@"
done
)sh";

constexpr const char* kSudo = R"sh(#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
exec "$@"
)sh";

constexpr const char* kCorepack = R"sh(#!/bin/sh
[ -x "@BASE@/bin/${1:-}" ] && exec "$@"
exit 0
)sh";

constexpr const char* kCrossEnv = R"sh(#!/bin/sh
while :; do
  case "${1:-}" in
    -*) ;;
    [A-Za-z_]*=*) export "$1" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] && exec "$@"
)sh";

// dotenv and its like: files first, then the command. What is set already stays.
constexpr const char* kDotenv = R"sh(#!/bin/sh
relapse_load() {
  [ -f "$1" ] || return 0
  while IFS= read -r relapse_line || [ -n "$relapse_line" ]; do
    relapse_line="${relapse_line#export }"
    relapse_name="${relapse_line%%=*}"
    case "$relapse_line" in *=*) ;; *) continue ;; esac
    case "$relapse_name" in ""|[0-9]*|*[!A-Za-z0-9_]*) continue ;; esac
    relapse_value="${relapse_line#*=}"
    case "$relapse_value" in
      \"*\") relapse_value="${relapse_value#?}" relapse_value="${relapse_value%?}" ;;
      \'*\') relapse_value="${relapse_value#?}" relapse_value="${relapse_value%?}" ;;
    esac
    eval "[ -n \"\${$relapse_name+x}\" ]" || export "$relapse_name=$relapse_value"
  done <"$1"
}
relapse_files=""
[ "${1:-}" = run ] && shift
while :; do
  case "${1:-}" in
    -e|-f|--env-file|--file) relapse_load "$2"; relapse_files=1; shift ;;
    -v) export "$2"; shift ;;
    --) shift; break ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
[ -n "$relapse_files" ] || relapse_load .env
[ $# -gt 0 ] && exec "$@"
)sh";

// DIR NAME CALL WORDS…: one script, with the words after it.
constexpr const char* kScript = R"sh(#!/bin/sh
relapse_dir="$1"
relapse_name="$2"
shift 3
relapse_depth=$((${relapse_depth:-0} + 1))
[ "$relapse_depth" -le 20 ] || exit 1
cd "$relapse_dir" || exit 1
while IFS='@FIELD@' read -r relapse_at relapse_package relapse_script relapse_body; do
  [ "$relapse_at" = "$relapse_dir" ] && [ "$relapse_script" = "$relapse_name" ] || continue
  export relapse_depth
  npm_lifecycle_event="$relapse_name"
  export npm_lifecycle_event
  PATH="@BASE@/bin:@BASE@/inner:$relapse_dir/node_modules/.bin:$PATH"
  export PATH
  [ $# -eq 0 ] || relapse_body="$relapse_body \"\$@\""
  sh -c "$relapse_body" sh "$@"
  exit $?
done <"@BASE@/scripts"
exit 0
)sh";

// What a call of a package manager means is read first; then it is written down, or done.
constexpr const char* kManager = R"sh(#!/bin/sh
relapse_tool="${0##*/}"
relapse_root="@ROOT@"

relapse_has() {
  while IFS='@FIELD@' read -r relapse_at relapse_package relapse_script relapse_body; do
    [ "$relapse_at" = "$1" ] && [ "$relapse_script" = "$2" ] && return 0
  done <"@BASE@/scripts"
  return 1
}

relapse_home() {
  relapse_found="$1"
  while [ -n "$relapse_found" ] && [ ! -f "$relapse_found/package.json" ]; do
    relapse_found="${relapse_found%/*}"
  done
}

# The folders in which a script is meant: of named packages, of all, else the nearest.
relapse_folders() {
  relapse_home "$(cd "${relapse_where:-.}" 2>/dev/null && pwd)"
  if [ -z "$relapse_named$relapse_all" ]; then
    echo "$relapse_found"
    return
  fi
  relapse_path="${relapse_named#./}"
  while IFS='@FIELD@' read -r relapse_at relapse_package relapse_script relapse_body; do
    [ "$relapse_script" = "$relapse_run" ] || continue
    if [ -n "$relapse_all" ]; then
      [ "$relapse_at" = "$relapse_root" ] || echo "$relapse_at"
      continue
    fi
    case "$relapse_named" in "$relapse_package"|"$relapse_at") echo "$relapse_at"; continue ;; esac
    case "$relapse_at" in
      "$relapse_root/$relapse_path"|"$PWD/$relapse_path") echo "$relapse_at" ;;
    esac
  done <"@BASE@/scripts"
}

# The first word that is no flag.
relapse_choose() {
  case "$relapse_verb" in
    run|run-script|rum|urn) relapse_verb=run; return ;;
    exec|x|dlx) relapse_kind=exec; return ;;
    workspace|foreach) return ;;
    workspaces) relapse_all=1 relapse_verb=""; return ;;
    start|stop|restart|test) relapse_run="$relapse_verb" relapse_kind=script ;;
  esac
  # Commands of their own.
  case "$relapse_tool $relapse_verb" in "npm "*|"pnpm deploy"|"bun build"|"bun test") return ;; esac
  relapse_run="$relapse_verb"
  for relapse_folder in $(relapse_folders); do
    relapse_has "$relapse_folder" "$relapse_verb" && relapse_kind=script
  done
  if [ -n "$relapse_kind" ]; then
    relapse_rest=first
  elif [ -x "@BASE@/bin/$relapse_verb" ]; then
    relapse_kind=exec relapse_program="$relapse_verb" relapse_rest=all
  fi
}

# What a call means. The words that go on to the script or the program end up in "$@".
relapse_read() {
  relapse_kind="" relapse_run="" relapse_where="" relapse_named="" relapse_all=""
  relapse_verb="" relapse_take="" relapse_rest="" relapse_program="" relapse_left=$#
  case "$relapse_tool" in npx|pnpx|bunx) relapse_verb=exec relapse_kind=exec ;; esac
  while [ "$relapse_left" -gt 0 ]; do
    relapse_word="$1"
    shift
    relapse_left=$((relapse_left - 1))
    if [ -n "$relapse_rest" ]; then
      [ "$relapse_rest$relapse_word" = "first--" ] || set -- "$@" "$relapse_word"
      relapse_rest=all
      continue
    fi
    case "$relapse_take" in
      where) relapse_where="$relapse_word" ;;
      named) relapse_named="$relapse_word" ;;
    esac
    if [ -n "$relapse_take" ]; then
      relapse_take=""
      continue
    fi
    case "$relapse_word" in
      --prefix|--cwd|--dir|-C) relapse_take=where ;;
      --prefix=*|--cwd=*|--dir=*) relapse_where="${relapse_word#*=}" ;;
      --workspace|--filter|-F) relapse_take=named ;;
      -w) # for pnpm: the root
        relapse_take=named
        [ "$relapse_tool" != pnpm ] || relapse_take="" relapse_where="$relapse_root"
        ;;
      --workspace=*|--filter=*) relapse_named="${relapse_word#*=}" ;;
      --workspaces|-ws|--recursive|-r) relapse_all=1 ;;
      -p|--package) relapse_take=skip ;;
      --) [ "$relapse_kind" = exec ] || relapse_rest=all ;;
      -*) ;;
      *)
        if [ "$relapse_kind" = exec ]; then
          relapse_program="$relapse_word" relapse_rest=all
        elif [ "$relapse_kind" = script ]; then
          set -- "$@" "$relapse_word" # flags of npm's own may still follow
        elif [ "$relapse_verb" = run ]; then
          relapse_run="$relapse_word" relapse_kind=script
          [ "$relapse_tool" = npm ] || relapse_rest=first
        elif [ "$relapse_verb" = workspace ]; then
          relapse_named="$relapse_word" relapse_verb=""
        else
          relapse_verb="$relapse_word"
          relapse_choose
        fi
        ;;
    esac
  done
  case "$relapse_program" in ?*@*) relapse_program="${relapse_program%@*}" ;; esac
  # Only what has a stand-in of its own is run; of all others the call alone is known.
  [ "$relapse_kind" != exec ] || [ -x "@BASE@/bin/$relapse_program" ] || relapse_kind=""
  [ -z "$relapse_do" ] || relapse_go "$@"
}

relapse_go() {
  if [ "$relapse_kind" = exec ]; then
    [ -z "$relapse_where" ] || cd "$relapse_where"
    exec "@BASE@/bin/$relapse_program" "$@"
  fi
  relapse_code=0
  IFS="
"
  for relapse_folder in $(relapse_folders); do
    "@BASE@/script" "$relapse_folder" "pre$relapse_run" "$relapse_call" &&
      "@BASE@/script" "$relapse_folder" "$relapse_run" "$relapse_call" "$@" &&
      "@BASE@/script" "$relapse_folder" "post$relapse_run" "$relapse_call" || relapse_code=1
  done
  exit "$relapse_code"
}

relapse_do=""
relapse_read "$@"
relapse_do=1
[ "$relapse_kind" != exec ] || relapse_read "$@"
relapse_call=$("@BASE@/record" "$relapse_tool" "$@")
[ "$relapse_kind" != script ] || relapse_read "$@"
echo "https://deployed.invalid"
)sh";

constexpr std::array<const char*, 7> kManagers = {"npm", "pnpm", "yarn", "bun",
                                                  "npx", "pnpx", "bunx"};
constexpr std::array<const char*, 6> kInterpreters = {"node",    "deno", "python",
                                                      "python3", "ruby", "php"};
// Of an interpreter within a script: a step's limit is thirty.
constexpr int kInterpreterSeconds = 8;

void replace_all(std::string& text, std::string_view hole, const std::string& what) {
  for (size_t at = text.find(hole); at != std::string::npos; at = text.find(hole, at)) {
    text.replace(at, hole.size(), what);
    at += what.size();
  }
}

std::string list_of(const std::vector<PackageScript>& scripts) {
  std::string out;
  for (const auto& one : scripts) {
    out += fmt::format("{}{}{}{}{}{}{}\n", one.folder, kField, one.package, kField, one.name,
                       kField, one.body);
  }
  return out;
}

}  // namespace

std::string with_base(std::string text, const std::string& base) {
  replace_all(text, "@BASE@", base);
  return text;
}

std::vector<model::WorldFile> stand_ins(const std::vector<std::string>& tools,
                                        const std::vector<PackageScript>& scripts,
                                        const std::string& root, const std::string& base) {
  std::vector<model::WorldFile> files;
  const auto add = [&](const std::string& name, std::string text) {
    replace_all(text, "@FIELD@", std::string(1, kField));
    replace_all(text, "@SECONDS@", std::to_string(kInterpreterSeconds));
    replace_all(text, "@ROOT@", root);
    files.push_back(
        {model::WorldFile::Kind::kFile, base + "/" + name, with_base(std::move(text), base), 0755});
  };
  add("record", kRecord);
  add("script", kScript);
  files.push_back({model::WorldFile::Kind::kFile, base + "/scripts", list_of(scripts), 0644});
  std::set<std::string> done = {"cross-env", "cross-env-shell", "dotenv", "dotenvx", "env-cmd",
                                "sudo",      "corepack"};
  add("bin/sudo", kSudo);
  add("bin/corepack", kCorepack);
  for (const char* name : {"cross-env", "cross-env-shell"}) {
    add(std::string("bin/") + name, kCrossEnv);
  }
  for (const char* name : {"dotenv", "dotenvx", "env-cmd"}) {
    add(std::string("bin/") + name, kDotenv);
  }
  for (const char* name : kManagers) {
    done.insert(name);
    add(std::string("bin/") + name, kManager);
  }
  for (const auto& tool : tools) {
    if (done.insert(tool).second) {
      add("bin/" + tool, kTool);
    }
  }
  for (const char* name : kInterpreters) {
    if (done.insert(name).second) {
      add(std::string("inner/") + name, kInterpreter);
    }
  }
  for (const auto& name : foreign_programs(scripts)) {
    if (done.insert(name).second) {
      add("inner/" + name, kForeign);
    }
  }
  return files;
}

}  // namespace relapse::env
