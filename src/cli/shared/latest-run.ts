import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { RunError } from '../../train/run-folder/index.js';

/** The run folder whose best model was written last. @throws RunError if there is none */
export async function latestRun(parent: string): Promise<string> {
  const names = await readdir(parent).catch(() => []);
  const found: { folder: string; time: number }[] = [];
  for (const name of names) {
    const folder = join(parent, name);
    const file = await stat(join(folder, 'best.safetensors')).catch(() => undefined);
    if (file) found.push({ folder, time: file.mtimeMs });
  }
  found.sort((a, b) => b.time - a.time);
  if (found.length === 0) {
    throw new RunError(
      `${parent}/ contains no trained run; train one (npm run demo trains a small one) or give one with --model.`,
    );
  }
  return found[0].folder;
}
