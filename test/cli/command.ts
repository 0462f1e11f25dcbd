import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

let built: Promise<unknown> | undefined;

/** Brings dist/ up to date, as every npm script does; once for all test files, which run in one process. */
export async function build(): Promise<void> {
  built ??= promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: root });
  await built;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Starts a built command. */
export function start(name: string, args: readonly string[], { cwd, env }: Surroundings = {}): ChildProcess {
  return spawn(process.execPath, [`${root}dist/cli/${name}.js`, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  /** Lines of standard error, without what the driver writes there of its own accord. */
  readonly errors: readonly string[];
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const [code] = await once(child, 'close');
  const ofDriver = /^(Warning: |\s*at |$)/;
  return { code, output, errors: errors.split('\n').filter((line) => !ofDriver.test(line)) };
}

/** Runs a built command to its end. */
export async function run(name: string, args: readonly string[], surroundings?: Surroundings): Promise<Outcome> {
  return outcomeOf(start(name, args, surroundings));
}
