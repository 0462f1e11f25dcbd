import type { Tensor } from '../engine/index.js';
import { formatShape } from '../engine/shape.js';
import type { Module } from './module.js';
import type { SafetensorsTensor } from './safetensors.js';
import { checkFinite, fromPyTorchTensor, pyTorchShapeOf, type SafetensorsTensors } from './weights.js';

/** What became of loading weights that belong to another model in part. Full names of tensors. */
export interface WeightsMatch {
  readonly loaded: readonly string[];
  /** Those that are in both and differ in shape, or are missing in either. */
  readonly misfits: readonly WeightsMisfit[];
}

export interface WeightsMisfit {
  readonly name: string;
  /** As in "is [16, 1, 3, 3] in the file and [8, 1, 3, 3] in the network". */
  readonly reason: string;
}

export interface MatchingWeightsOptions {
  /** Full names of the tensors to load. Default: all. */
  readonly selected?: ReadonlySet<string>;
  /** Is asked before anything is changed; it may throw. */
  readonly accept?: (match: WeightsMatch) => void;
}

/**
 * Loads those weights whose name and shape a model has, and leaves its other tensors as they are. `writeWeights`
 * loads all or nothing.
 *
 * @throws WeightsError where a value is NaN or infinite
 */
export function writeMatchingWeights(
  model: Module,
  tensors: SafetensorsTensors,
  { selected, accept }: MatchingWeightsOptions = {},
): WeightsMatch {
  const wanted = model.named().filter(({ name }) => selected?.has(name) ?? true);
  const misfits: WeightsMisfit[] = [];
  const loads: { name: string; tensor: Tensor; values: Float32Array }[] = [];
  for (const { name, tensor } of wanted) {
    const reason = misfit(tensors[name], tensor);
    if (reason !== undefined) {
      misfits.push({ name, reason });
      continue;
    }
    const values = fromPyTorchTensor(tensors[name], tensor.shape, name);
    checkFinite(values, name);
    loads.push({ name, tensor, values });
  }
  if (!selected) misfits.push(...unknownIn(tensors, model));
  const match = { loaded: loads.map(({ name }) => name), misfits };
  accept?.(match);
  for (const { tensor, values } of loads) tensor.write(values);
  return match;
}

function misfit(saved: SafetensorsTensor | undefined, { shape }: Tensor): string | undefined {
  if (!saved) return 'is not in the file';
  const [there, here] = [formatShape(saved.shape), formatShape(pyTorchShapeOf(shape))];
  return there === here ? undefined : `is ${there} in the file and ${here} in the network`;
}

function unknownIn(tensors: SafetensorsTensors, model: Module): WeightsMisfit[] {
  const names = new Set(model.named().map(({ name }) => name));
  // PyTorch counts batches beside the running statistics; nothing here needs the count.
  const unknown = Object.keys(tensors).filter((name) => !names.has(name) && !name.endsWith('.num_batches_tracked'));
  return unknown.map((name) => ({ name, reason: 'is not in the network' }));
}
