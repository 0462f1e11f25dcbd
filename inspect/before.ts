import { execFile, execFileSync } from 'node:child_process';
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
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await promisify(execFile)('bash', ['-c', 'set -o pipefail; git archive "$1" src | tar -x -C "$2"', '_', hash, root]);
  await cp('inspect', `${root}/inspect`, { recursive: true });
  const { bundleInspect } = await import(pathToFileURL(resolve('scripts/inspect-bundle.mjs')).href);
  await bundleInspect(['collect'], `${root}/bundles`, root);
  const found = await onEach(gpus, async (gpu) => {
    const { kernels } = await collectKernels(gpu, workloads, { bundles: `${root}/bundles` });
    return inspectKernels(gpu, kernels);
  });
  await rm(root, { recursive: true });
  return found;
}
