import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Gpu } from './gpus.js';
import { collectKernels, type Inspection, inspectKernels } from './inspect.js';
import { InspectError } from './inspect-error.js';
import { onEach } from './on-each.js';
import type { Workload } from './workload.js';

/** What `--json` wrote. */
export async function readInspections(file: string): Promise<Inspection[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new InspectError(`${file} holds nothing to compare with (${(error as Error).message}).`);
  }
}

/** The kernels that an earlier commit runs the same workloads with, compiled by the present tool. */
export async function inspectCommit(
  commit: string,
  gpus: readonly Gpu[],
  workloads: readonly Workload[],
): Promise<Inspection[]> {
  let hash: string;
  try {
    hash = execFileSync('git', ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`], { encoding: 'utf8' }).trim();
  } catch {
    throw new InspectError(`"${commit}" is neither a commit nor a file that ends in .json.`);
  }
  const root = `dist-inspect/before/${hash}`;
  try {
    await bundleCommit(hash, root);
    return await onEach(gpus, async (gpu) => {
      const { kernels } = await collectKernels(gpu, workloads, { bundles: `${root}/bundles` });
      return inspectKernels(gpu, kernels);
    });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** What collects a commit's kernels, by the commit's own build; by the present collector where it had none yet. */
async function bundleCommit(hash: string, root: string): Promise<void> {
  const run = promisify(execFile);
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await run('bash', ['-c', 'set -o pipefail; git archive "$1" | tar -x -C "$2"', '_', hash, root]);
  if (!existsSync(`${root}/inspect/collect.ts`)) {
    await cp('inspect', `${root}/inspect`, { recursive: true });
    await cp('scripts/inspect-bundle.mjs', `${root}/scripts/inspect-bundle.mjs`);
  }
  const build = "const { bundleInspect } = await import(process.argv[1]); await bundleInspect(['collect'], 'bundles');";
  const script = pathToFileURL(resolve(root, 'scripts/inspect-bundle.mjs')).href;
  await run(process.execPath, ['--input-type=module', '-e', build, script]).catch((error) => {
    const [reason] = String(error.stderr).match(/^.*(?:UNRESOLVED|Error: ).*$/m) ?? [error.message];
    throw new InspectError(`What ${hash.slice(0, 7)} runs cannot be collected by this tool: ${reason.trim()}`);
  });
}
