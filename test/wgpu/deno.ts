import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Where `npm run test:deno` installs it. */
const binary = fileURLToPath(new URL('../deno/node_modules/.bin/deno', import.meta.url));

/** Whether there is a Deno: tests else skip, by name. */
export const installed = existsSync(binary);

/** Runs a module's text on Deno and gives what it writes to standard output. */
export async function runOnDeno(path: string): Promise<string> {
  const { stdout } = await promisify(execFile)(binary, ['run', '--allow-all', '--unstable-webgpu', path]);
  return stdout;
}
