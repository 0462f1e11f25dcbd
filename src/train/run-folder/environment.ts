import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Device } from '../../index.js';

/** When, and with which versions, something was computed. */
export interface SoftwareEnvironment {
  /** ISO 8601. */
  readonly date: string;
  readonly sonde: string;
  /** Hash of sonde's checkout, with "-dirty" if it has changes; null where sonde is an installed package. */
  readonly commit: string | null;
  readonly node: string;
  /** As in "linux x64". */
  readonly platform: string;
}

/** When, where and with what a run was trained or evaluated. */
export const runEnvironmentSchema = z.object({
  date: z.string(),
  sonde: z.string(),
  commit: z.string().nullable(),
  node: z.string(),
  platform: z.string(),
  /** The adapter and its driver in the driver's words. */
  adapter: z.string(),
  /** Whether the adapter is a program on the processor. */
  software: z.boolean(),
});
export type RunEnvironment = z.output<typeof runEnvironmentSchema>;

/** File of a run's folder with the environment in which its training was started. */
export const ENVIRONMENT_FILE = 'environment.json';

export function describeRunEnvironment({ info }: Device): RunEnvironment {
  return { ...describeSoftware(), adapter: info.description, software: info.software };
}

export function describeSoftware(): SoftwareEnvironment {
  const root = packageRoot();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    date: new Date().toISOString(),
    sonde: version,
    commit: describeCommit(root),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

/** The package's folder: the nearest above this file, however it was bundled, that holds a package.json. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

function describeCommit(root: string): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    // An installed package may lie in the checkout of something else.
    if (realpathSync(git('rev-parse', '--show-toplevel')) !== realpathSync(root)) return null;
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}-dirty`;
  } catch {
    return null;
  }
}
