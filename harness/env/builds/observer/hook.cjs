// Required by every node of an observed build: writes down which variables are read, with the
// place, and puts an observing plugin into Vite, Rollup and webpack. Never a value.
"use strict";
const fs = require("node:fs");
const Module = require("node:module");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { threadId, isMainThread } = require("node:worker_threads");

const folder = process.env.RELAPSE_OBSERVE;
const root = process.env.RELAPSE_OBSERVE_ROOT;

function main() {
  const log = path.join(folder, `node-${process.pid}-${threadId}`);
  const known = new Set();
  const { appendFileSync } = fs; // the build may put another in its place
  function note(...parts) {
    const line = parts.join("\t");
    if (!known.has(line) && !line.includes("\n")) {
      known.add(line);
      try {
        appendFileSync(log, `${line}\n`);
      } catch {
        // the build has taken the folder away: it goes on unobserved
      }
    }
  }
  watchEnvironment(note);
  watchBundlers(note);
}

// Who called, as [file, line, column]: the first frame that is not this file's.
function caller() {
  const { prepareStackTrace, stackTraceLimit } = Error;
  Error.stackTraceLimit = 12;
  Error.prepareStackTrace = (_, sites) => sites;
  const holder = {};
  Error.captureStackTrace(holder, caller);
  const sites = holder.stack;
  Error.prepareStackTrace = prepareStackTrace;
  Error.stackTraceLimit = stackTraceLimit;
  for (const site of Array.isArray(sites) ? sites : []) {
    let file = site.getFileName() ?? site.getEvalOrigin?.() ?? "";
    if (file === __filename || file === "") {
      continue;
    }
    if (file.startsWith("file:")) {
      try {
        file = require("node:url").fileURLToPath(file);
      } catch {
        // not a path of this system: as it stands
      }
    }
    return [file, site.getLineNumber() ?? 0, site.getColumnNumber() ?? 0];
  }
  return ["", 0, 0];
}

// A bundled configuration lies in a file for a moment; its map says what it was made from.
const maps = new Map();
function mapOf(file) {
  if (!maps.has(file)) {
    let map = null;
    try {
      const text = fs.readFileSync(file, "utf8");
      const found = /sourceMappingURL=data:application\/json[^,]*;base64,([\w+/=]+)\s*$/.exec(text);
      map = found && new Module.SourceMap(JSON.parse(Buffer.from(found[1], "base64").toString()));
    } catch {
      map = null;
    }
    maps.set(file, map);
  }
  return maps.get(file);
}

function lineWith(file, name) {
  try {
    const lines = fs.readFileSync(file, "utf8").split("\n");
    const word = new RegExp(`(?<![\\w])${name.replace(/\W/g, "\\$&")}(?![\\w])`);
    return lines.findIndex((line) => word.test(line)) + 1;
  } catch {
    return 0;
  }
}

// Vite writes a configuration to `NAME.timestamp-….mjs`, beside it or in node_modules/.vite-temp.
function original(file, line, column, name) {
  const bundled = /^(.*?)(?:node_modules\/\.vite-temp\/)?([^/]+)\.timestamp-[\w-]+\.[cm]?js$/.exec(
    file,
  );
  if (!bundled && !path.isAbsolute(file)) {
    return [file, line];
  }
  const entry = mapOf(file)?.findEntry(line - 1, column - 1);
  if (entry?.originalSource) {
    let source = entry.originalSource;
    source = source.startsWith("file:") ? require("node:url").fileURLToPath(source) : source;
    return [path.resolve(path.dirname(file), source), entry.originalLine + 1];
  }
  if (bundled) {
    const source = path.join(bundled[1], bundled[2]);
    return [source, lineWith(source, name)];
  }
  return [file, line];
}

function watchEnvironment(note) {
  const env = process.env;
  let busy = false;
  const watch = (kind, name) => {
    if (busy || typeof name !== "string") {
      return;
    }
    busy = true;
    try {
      const [file, line, column] = caller();
      if (path.isAbsolute(file)) {
        const [source, at] = original(file, line, column, name);
        note(kind, name, source, at, `${file}:${line}:${column}`, Object.keys(env).length);
      }
    } finally {
      busy = false;
    }
  };
  process.env = new Proxy(env, {
    get(target, name) {
      watch("N", name);
      return target[name];
    },
    has(target, name) {
      watch("N", name);
      return name in target;
    },
    ownKeys(target) {
      watch("E", "*");
      return Reflect.ownKeys(target);
    },
    // Node's own object refuses descriptors that are not plain; as it does, so do we.
    set(target, name, value) {
      target[name] = value;
      return true;
    },
  });
}

// Names in a module's text as a bundler would replace them; comments and strings may hold some
// too, so whoever reads this asks the source.
const kReads =
  /\b(import\.meta|process)\s*(?:\?\.|\.)\s*env\s*(?:(?:\?\.|\.)\s*([A-Za-z_$][\w$]*)|(?:\?\.)?\[\s*["'`]([^"'`]+)["'`]\s*\])/g;

function noteReads(note, file, text) {
  const plain = file.split("?")[0];
  if (!path.isAbsolute(plain) || typeof text !== "string") {
    return;
  }
  for (const found of text.matchAll(kReads)) {
    const name = found[2] ?? found[3];
    note("B", name, plain, lineWith(plain, name), `${found[1]}.env`);
  }
  // Destructured: const { A, B: b = 1 } = import.meta.env
  for (const found of text.matchAll(/\{([^{}]*)\}\s*=\s*(import\.meta|process)\.env\b(?!\.)/g)) {
    for (const part of found[1].split(",")) {
      const name = /^\s*([A-Za-z_$][\w$]*)/.exec(part)?.[1];
      if (name) {
        note("B", name, plain, lineWith(plain, name), `${found[2]}.env`);
      }
    }
  }
}

function observingPlugin(note) {
  return {
    name: "relapse-observe",
    enforce: "pre",
    // As the file stands: later plugins have replaced what we look for.
    transform(code, id) {
      noteReads(note, id, code);
      return null;
    },
  };
}

function watchBundlers(note) {
  // Called from the bundlers' own code, where esm_hooks.mjs and the hook below have put a call.
  globalThis.__relapseObserve = {
    options(options) {
      const plugins = options?.plugins;
      const list = plugins === undefined || plugins === null ? [] : plugins;
      return { ...options, plugins: [observingPlugin(note), ...(Array.isArray(list) ? list : [list])] };
    },
    compilation(compilation) {
      compilation.hooks.succeedModule.tap("relapse-observe", (module) => {
        try {
          noteReads(note, module.resource ?? "", fs.readFileSync(module.resource, "utf8"));
        } catch {
          // no file of its own
        }
      });
      return compilation;
    },
    loaded(what) {
      note("L", what);
    },
  };
  const { insert } = require("./insert.cjs");
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (text, file, ...rest) {
    return compile.call(this, insert(file, String(text)), file, ...rest);
  };
  if (typeof Module.register === "function") {
    Module.register(pathToFileURL(path.join(__dirname, "esm_hooks.mjs")).href);
  }
}

if (folder && root && (isMainThread || threadId > 0)) {
  main();
}
