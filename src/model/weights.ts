import { toFloat16 } from '../engine/float16.js';
import type { Tensor } from '../engine/index.js';
import { formatShape, type Shape, sameShape } from '../engine/shape.js';
import type { Module } from './module.js';
import {
  asFloat32,
  decodeSafetensors,
  encodeSafetensors,
  type SafetensorsTensor,
  WeightsError,
} from './safetensors.js';

/** Tensors of a file, by name. */
export type SafetensorsTensors = Readonly<Record<string, SafetensorsTensor>>;

/**
 * A model's parameters and buffers as a safetensors file, under PyTorch's names and in PyTorch's layouts:
 * `model.load_state_dict(safetensors.torch.load_file(path))` takes it as it is.
 *
 * @param metadata Free text by key, such as the configuration.
 */
export async function exportWeights(
  model: Module,
  metadata: Record<string, string> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return encodeSafetensors(await readWeights(model), metadata);
}

/** A model's parameters and buffers under PyTorch's names and in PyTorch's layouts. */
export async function readWeights(model: Module): Promise<Record<string, SafetensorsTensor>> {
  const tensors: Record<string, SafetensorsTensor> = {};
  for (const { name, tensor } of model.named()) {
    tensors[name] = toPyTorchTensor(await tensor.data(), tensor.shape);
  }
  return tensors;
}

/**
 * Loads weights from a safetensors file with PyTorch's names and layouts. Nothing is changed unless everything fits.
 *
 * @returns The file's metadata.
 * @throws WeightsError for a damaged file, missing or unknown names, shapes that differ, or values that are NaN or
 *   infinite.
 */
export function importWeights(model: Module, bytes: Uint8Array): Record<string, string> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  writeWeights(model, tensors);
  return metadata;
}

/** The reverse of {@link readWeights}. @throws WeightsError as {@link importWeights} */
export function writeWeights(model: Module, tensors: SafetensorsTensors): void {
  const named = model.named();
  const names = new Set(named.map(({ name }) => name));
  const missing = named.filter(({ name }) => !(name in tensors)).map(({ name }) => name);
  // PyTorch counts batches beside the running statistics; nothing here needs the count.
  const unknown = Object.keys(tensors).filter((name) => !names.has(name) && !name.endsWith('.num_batches_tracked'));
  if (missing.length > 0 || unknown.length > 0) {
    throw new WeightsError(
      `The weights belong to another model: ${describe('missing', missing)}${missing.length > 0 && unknown.length > 0 ? ', ' : ''}` +
        `${describe('unknown', unknown)}; use a file saved from a model with the same options.`,
    );
  }
  const loads = named.map(({ name, tensor }): [Tensor, Float32Array] => {
    const values = fromPyTorchTensor(tensors[name], tensor.shape, name);
    checkFinite(values, name);
    return [tensor, values];
  });
  for (const [tensor, values] of loads) tensor.write(values);
}

/** One NaN spreads to every answer, and the highest cell of a heatmap of NaN looks like a point. */
export function checkFinite(values: Float32Array, name: string): void {
  const first = values.findIndex((value) => !Number.isFinite(value));
  if (first < 0) return;
  const count = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  throw new WeightsError(
    `The weights are damaged: ${name} holds ${values[first]} (${count} of ${values.length} values are NaN or infinite); ` +
      'use a checkpoint from before the training diverged, or copy the file again.',
  );
}

/**
 * The same weights at half the size: kernels, which are nearly all of a file, become binary16. Biases and statistics,
 * whose range it does not span, stay as they are, and so would a kernel with a value beyond it.
 *
 * @throws WeightsError for a damaged file
 */
export function halveWeights(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { tensors, metadata } = decodeSafetensors(bytes);
  return encodeSafetensors(halveKernels(tensors), metadata);
}

/** The same as {@link halveWeights}, for tensors that are not a file yet. */
export function halveKernels(tensors: SafetensorsTensors): Record<string, SafetensorsTensor> {
  const halved = Object.entries(tensors).map(([name, tensor]): [string, SafetensorsTensor] => {
    if (tensor.dtype !== 'F32' || tensor.shape.length !== 4 || tensor.data.some(overflowsFloat16))
      return [name, tensor];
    return [name, { dtype: 'F16', shape: tensor.shape, data: toFloat16(tensor.data) }];
  });
  return Object.fromEntries(halved);
}

/** Whether the nearest binary16 number is infinite. */
function overflowsFloat16(value: number): boolean {
  return Math.abs(value) >= 65_520;
}

function describe(what: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  return `${names.length} ${what} (${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''})`;
}

// Kernels are [a, kH, kW, b] here and [a, b, kH, kW] in PyTorch, for convolutions and transposed ones alike.

/** The shape that PyTorch has for a tensor of `shape`. */
export function pyTorchShapeOf(shape: Shape): number[] {
  return shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : [...shape];
}

/** Values of a tensor of `shape` as a file keeps them. */
export function toPyTorchTensor(values: ArrayLike<number>, shape: Shape): SafetensorsTensor {
  return { dtype: 'F32', shape: pyTorchShapeOf(shape), data: Float32Array.from(toPyTorch(values, shape)) };
}

/**
 * The values of a file's tensor in the order of a tensor of `shape`.
 *
 * @throws WeightsError where the file's tensor has another shape, or holds no floats
 */
export function fromPyTorchTensor(saved: SafetensorsTensor, shape: Shape, name: string): Float32Array {
  const expected = pyTorchShapeOf(shape);
  if (!sameShape(saved.shape, expected)) {
    throw new WeightsError(
      `The weights belong to another model: ${name} is ${formatShape(saved.shape)} in the file and ` +
        `${formatShape(expected)} in the model; use a file saved from a model with the same options.`,
    );
  }
  return fromPyTorch(asFloat32(saved, name), shape);
}

/** Values of a tensor of `shape` in PyTorch's order. */
export function toPyTorch(values: ArrayLike<number>, shape: Shape): ArrayLike<number> {
  if (shape.length !== 4) return values;
  const [a, kH, kW, b] = shape;
  const moved = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let p = 0; p < kH * kW; p++) {
      for (let k = 0; k < b; k++) moved[(i * b + k) * kH * kW + p] = values[(i * kH * kW + p) * b + k];
    }
  }
  return moved;
}

/** Values in PyTorch's order as a tensor of `shape` holds them. */
function fromPyTorch(values: Float32Array, shape: Shape): Float32Array {
  if (shape.length !== 4) return values;
  const [a, kH, kW, b] = shape;
  const moved = new Float32Array(values.length);
  for (let i = 0; i < a; i++) {
    for (let k = 0; k < b; k++) {
      for (let p = 0; p < kH * kW; p++) moved[(i * kH * kW + p) * b + k] = values[(i * b + k) * kH * kW + p];
    }
  }
  return moved;
}
