import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

/** Where and on what a report was made. */
export interface Environment {
  /** ISO 8601. */
  readonly date: string;
  readonly sonde: string;
  /** Hash of the checkout, with "-dirty" if it has changes; null outside one. */
  readonly commit: string | null;
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  /** What names the Vulkan driver, where something does. */
  readonly driver: string | null;
  /** Whether the driver was told to forget compiled shaders, so that first calls are cold. */
  readonly shaderCache: 'disabled' | 'as it was';
}

/** The package's folder: this file is one level below it, as source and as bundle. */
const root = fileURLToPath(new URL('..', import.meta.url));

export function describeEnvironment(): Environment {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8')) as { version: string };
  return {
    date: new Date().toISOString(),
    sonde: version,
    commit: describeCommit(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cores: availableParallelism(),
    driver: process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? null,
    shaderCache: process.env.MESA_SHADER_CACHE_DISABLE === 'true' ? 'disabled' : 'as it was',
  };
}

function describeCommit(): string | null {
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    const commit = git('rev-parse', '--short=12', 'HEAD');
    return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}-dirty`;
  } catch {
    return null;
  }
}
