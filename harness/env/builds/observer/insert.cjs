// Puts one call into the text of a bundler, where its options come in. Looked for by the shape of
// the function, which has stayed over the major versions; a text without it stays as it is.
"use strict";

const kInsertions = [
  {
    // Vite: every build, whoever starts it, resolves its configuration here.
    file: /\/node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?(?:vite|rolldown-vite)\/dist\/node\//,
    pattern: /(async function resolveConfig\(\s*(\w+)\s*,[^{]*\)\s*\{)/,
    call: (name) => `${name}=globalThis.__relapseObserve?.options(${name})??${name};`,
    what: "vite",
  },
  {
    // Rollup, called by itself. In Vite it is given the plugin already.
    file: /\/node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?rollup\/dist\/(?:es\/)?shared\//,
    pattern: /(async function rollupInternal\(\s*(\w+)[^{]*\)\s*\{)/,
    call: (name) => `${name}=globalThis.__relapseObserve?.options(${name})??${name};`,
    what: "rollup",
  },
  {
    // webpack 4 and 5: each compilation is made here.
    file: /\/node_modules\/(?:\.pnpm\/[^/]+\/node_modules\/)?webpack\/lib\/Compiler\.js$/,
    pattern: /(\n\tnewCompilation\(\s*(\w+)\s*\)\s*\{)/,
    call: () =>
      'if(!this.__relapse){this.__relapse=true;this.hooks.compilation.tap("relapse-observe",' +
      "(c)=>{globalThis.__relapseObserve?.compilation(c);});}",
    what: "webpack",
  },
];

function insert(file, text) {
  for (const { file: where, pattern, call, what } of kInsertions) {
    const found = where.test(file) && pattern.exec(text);
    if (found) {
      const at = found.index + found[0].length;
      const told = `globalThis.__relapseObserve?.loaded(${JSON.stringify(what)});`;
      return text.slice(0, at) + told + call(found[2]) + text.slice(at);
    }
  }
  return text;
}

module.exports = { insert };
