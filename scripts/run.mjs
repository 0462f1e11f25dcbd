// `node scripts/run.mjs NAME ARGS…`: brings dist/ up to date and runs dist/cli/NAME.js in this process.
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

/** Every file that a build depends on, with its size and the time of its last change. */
function sources() {
  const files = ['src', 'scripts'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return ['package.json', 'package-lock.json', ...files.sort()]
    .map((file) => `${file} ${statSync(file).size} ${statSync(file).mtimeMs}\n`)
    .join('');
}

/** Remembers what dist/ was built from: a build takes ten times as long as the start of a command. */
const STAMP = 'dist/.built-from';
const current = sources();
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== current) {
  await import('./build.mjs');
  writeFileSync(STAMP, current);
}

const [name, ...args] = process.argv.slice(2);
const command = new URL(`../dist/cli/${name}.js`, import.meta.url);
process.argv = [process.argv[0], command.pathname, ...args];
await import(command.href);
