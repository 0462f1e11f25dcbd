/** Starting from the weights of another model: which file, which layers, and what became of it. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  decodeSafetensors,
  type HeatmapNetwork,
  layersOf,
  type SafetensorsTensors,
  tensorsNamed,
  WeightsError,
  type WeightsMatch,
  writeMatchingWeights,
} from '../../model/index.js';
import { checkpointFile } from '../checkpoint/index.js';

/** In a run's folder: which weights it started from. */
export const INITIAL_WEIGHTS_FILE = 'initial-weights.json';

/**
 * `all`: every tensor must fit. `matching`: those whose name and shape fit. A list: these layers, as `tensorsNamed`
 * has them, which must fit; the others start from the seed.
 */
export type InitialLayers = 'all' | 'matching' | readonly string[];

/** Which weights a run starts from. */
export interface InitialWeightsSource {
  /** A safetensors file, or the folder of a run, whose best weights are taken. */
  readonly weights: string;
  readonly layers: InitialLayers;
  /** SHA-256 of the file, where an earlier process has read it. */
  readonly sha256?: string;
}

/** Weights to start from, read. */
export interface InitialWeights {
  readonly path: string;
  readonly sha256: string;
  readonly layers: InitialLayers;
  readonly tensors: SafetensorsTensors;
}

/**
 * @throws WeightsError where there is no such file, or it holds no weights, or has changed since an earlier process
 * read it
 */
export async function readInitialWeights({
  weights,
  layers,
  sha256: before,
}: InitialWeightsSource): Promise<InitialWeights> {
  const isFolder = await stat(weights).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const path = isFolder ? join(weights, checkpointFile('best')) : weights;
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new WeightsError(
      `${path}: the weights cannot be read (${code}); give a safetensors file, or the folder of a trained run.`,
      { cause },
    );
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (before !== undefined && before !== sha256) {
    throw new WeightsError(
      `${path} has changed since the run was started from it (SHA-256 ${before.slice(0, 12)}… then, ${sha256.slice(0, 12)}… now); ` +
        'restore the file, or start a new run.',
    );
  }
  const { tensors, metadata } = decode(bytes, path);
  if (metadata.position !== undefined) {
    throw new WeightsError(
      `${path} is the state of a run, not weights; give best.safetensors or last.safetensors beside it.`,
    );
  }
  return { path, sha256, layers, tensors };
}

function decode(bytes: Uint8Array, path: string) {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof WeightsError)) throw cause;
    throw new WeightsError(`${path}: ${cause.message}`, { cause });
  }
}

/**
 * Loads the weights into a network.
 *
 * @throws WeightsError with every tensor that does not fit, where all must, or where none does; LayerNameError
 */
export function loadInitialWeights(network: HeatmapNetwork, { path, layers, tensors }: InitialWeights): WeightsMatch {
  const named = network.named();
  const selected =
    typeof layers === 'string'
      ? undefined
      : new Set(layers.flatMap((pattern) => tensorsNamed(pattern, named, '--init-layers')));
  const accept = ({ loaded, misfits }: WeightsMatch) => {
    if (loaded.length > 0 && (layers === 'matching' || misfits.length === 0)) return;
    const list = misfits.map(({ name, reason }) => `\n  ${name} ${reason}`).join('');
    const remedy =
      loaded.length === 0
        ? 'give weights of a network like this one'
        : 'change the model section, or load only what fits with --init-layers matching';
    throw new WeightsError(
      `${path}: ${misfits.length} of ${loaded.length + misfits.length} tensors do not fit this network; ${remedy}:${list}`,
    );
  };
  return writeMatchingWeights(network, tensors, { selected, accept });
}

/** What was loaded and what was not, in a sentence that names the layers. */
export function describeMatch(
  { path, sha256 }: InitialWeights,
  { loaded, misfits }: WeightsMatch,
  network: HeatmapNetwork,
): string {
  const all = network.named().map(({ name }) => name);
  const missing = all.filter((name) => !loaded.includes(name));
  const rest = [
    missing.length > 0 ? `; from the seed: ${grouped(missing, all)}` : '',
    misfits.length > 0 ? `; not loaded: ${misfits.map(({ name, reason }) => `${name} ${reason}`).join(', ')}` : '',
  ];
  return (
    `starting from ${path} (SHA-256 ${sha256.slice(0, 12)}…): ${loaded.length} of ${all.length} tensors loaded: ` +
    `${grouped(loaded, all)}${rest.join('')}`
  );
}

/** Tensors by the layers that they make up; a layer of which some are missing by its tensors. */
function grouped(names: readonly string[], all: readonly string[]): string {
  const chosen = new Set(names);
  const parts = layersOf(names).flatMap((layer) => {
    const own = all.filter((name) => name.split('.')[0] === layer);
    return own.every((name) => chosen.has(name)) ? [layer] : own.filter((name) => chosen.has(name));
  });
  return parts.join(', ');
}
