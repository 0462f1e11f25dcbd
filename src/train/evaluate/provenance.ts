/** To which weights and which frames scores belong. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LANDMARK_NAMES } from '../../model/landmarks.js';
import { type Checkpoint, checkpointFile } from '../checkpoint/index.js';
import type { NetworkFrame } from '../dataset/frames.js';
import { readEnsemble } from '../predict/ensemble.js';
import type { Provenance } from '../run-folder/index.js';
import { readRunStart } from '../run-folder/run-start.js';

/**
 * SHA-256 of a run's weights file; of an ensemble, that of its members' in their order.
 *
 * @returns undefined where there is no such file
 * @throws RunError where an ensemble's file is damaged
 */
export async function hashWeights(run: string, checkpoint: Checkpoint = 'best'): Promise<string | undefined> {
  const ensemble = await readEnsemble(run);
  if (ensemble) {
    const hashes = await Promise.all(ensemble.members.map((member) => hashWeights(member, checkpoint)));
    return hashes.includes(undefined) ? undefined : sha256(hashes.join('\n'));
  }
  try {
    return sha256(await readFile(join(run, checkpointFile(checkpoint))));
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/**
 * SHA-256 of labelled frames by their names, pixels and labels: the same whatever network they were fitted to.
 *
 * @param frames Loaded with their originals.
 */
export function hashFrames(frames: readonly NetworkFrame[]): string {
  const hash = createHash('sha256');
  const each = frames.map(({ file, original, landmarks, transform }) => {
    const pixels = original?.pixels ?? new Float32Array();
    // Fitting a label to a network and back moves it by rounding alone.
    const points = LANDMARK_NAMES.map((name) => {
      const { x, y } = transform.toFrame(landmarks[name]);
      return `${x.toFixed(3)} ${y.toFixed(3)}`;
    });
    const own = createHash('sha256').update(`${file}\n${original?.width}×${original?.height}\n${points.join(' ')}\n`);
    return own.update(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength)).digest('hex');
  });
  // Whatever their order.
  for (const one of each.sort()) hash.update(one);
  return hash.digest('hex');
}

/** The command that evaluates a run again, with its data set where the run says which that was. */
export async function evaluateCommand(run: string, split: string): Promise<string> {
  const isEnsemble = await readEnsemble(run).catch(() => undefined);
  // A damaged file is another's to complain about.
  const start = !isEnsemble ? await readRunStart(run).catch(() => undefined) : undefined;
  return `npm run evaluate -- --run ${run} --data ${start?.data?.[0].folder ?? '…'} --split ${split}`;
}

/**
 * Why what a run's folder holds of its scores is not to be used: it is of other weights than those that the run has
 * now, or does not say of which. A run whose weights are gone cannot contradict its scores.
 *
 * @param file What holds the scores.
 * @returns a sentence that ends with the command that makes them anew; undefined where they belong to the run
 */
export async function staleScores(
  run: string,
  file: string,
  split: string,
  { weights }: Partial<Provenance>,
): Promise<string | undefined> {
  const [best, last] = await Promise.all([hashWeights(run, 'best'), hashWeights(run, 'last')]);
  if (best === undefined && last === undefined) return undefined;
  if (weights !== undefined && (weights === best || weights === last)) return undefined;
  const remedy = `${await evaluateCommand(run, split)} makes it anew.`;
  if (weights === undefined) {
    return `${file} does not say of which weights it is, as a version of sonde wrote it that did not record that; ${remedy}`;
  }
  const short = (hash: string | undefined) => hash?.slice(0, 12) ?? 'none';
  return (
    `${file} is of weights that ${run} no longer has (SHA-256 ${short(weights)}…; its best weights are ${short(best)}…), as after more training; ` +
    remedy
  );
}

function sha256(contents: string | Uint8Array): string {
  return createHash('sha256').update(contents).digest('hex');
}
