// Two tasks over libuv's thread pool. Usage: race.mjs bad|good FOLDER
import { mkdir, rm, writeFile, stat } from 'node:fs/promises';

const [mode, folder] = process.argv.slice(2);
const cache = `${folder}/cache`;

async function reset() {
  await rm(cache, { recursive: true, force: true });
  await mkdir(cache, { recursive: true });
}
async function install(name) {
  await mkdir(`${cache}/${name}`, { recursive: true });
  await writeFile(`${cache}/${name}/file`, name);
}

try {
  if (mode === 'good') {
    await reset();
    await Promise.all([install('a'), install('b')]);
  } else {
    await Promise.all([reset(), install('a'), install('b')]);
  }
  await stat(`${cache}/a/file`);
  await stat(`${cache}/b/file`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
