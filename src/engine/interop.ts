// Memory of WebGPU in and out of tensors, for pages and libraries that have a GPUDevice of their own.
import type { Device } from './device.js';
import { TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { tick } from './graph.js';
import * as kinds from './kinds.js';
import { bytesOf, type DType, formatShape, type Shape } from './shape.js';
import { type OptionKinds, signature } from './signature.js';
import type { Tensor } from './tensor.js';
import { BufferUsage } from './usage.js';

export interface FromBufferOptions {
  /** Type of the values. Default f32. */
  readonly dtype?: DType;
  /** Bytes before the first value, a multiple of 4. Default 0. */
  readonly offset?: number;
}

const buffer = kinds.object('a GPUBuffer', 'mapAsync', 'usage');
const offset = kinds.optional(kinds.whole(0));
const fromBufferOptions: OptionKinds<FromBufferOptions> = { dtype: kinds.optional(kinds.dtype), offset };
const fromBufferTakes = signature(
  'fromBuffer',
  { device: kinds.device, buffer, shape: kinds.shape },
  fromBufferOptions,
);

/**
 * A stored tensor of the values in a GPUBuffer of the same GPUDevice (`device.gpu`), copied on the GPU as they are when
 * this is called. bool is 32 bits for each value, 0 or 1, and f16 two values in 32 bits.
 *
 * @param buffer With usage COPY_SRC.
 * @throws TensorError for a buffer that is too small, lacks the usage, or belongs to another device
 */
export async function fromBuffer(
  device: Device,
  buffer: GPUBuffer,
  shape: Shape,
  { dtype = 'f32', offset = 0 }: FromBufferOptions = {},
): Promise<Tensor> {
  fromBufferTakes(arguments);
  const bytes = bytesOf({ shape, dtype });
  checkBuffer('fromBuffer', buffer, 'COPY_SRC', offset, bytes, `${formatShape(shape)} ${dtype}`);
  const tensor = device.empty(shape, dtype, 'fromBuffer');
  if (tensor.origin.kind !== 'stored') throw new TensorError('fromBuffer: the tensor has no memory.');
  const { storage } = tensor.origin;
  try {
    await copy('fromBuffer', device, [buffer, offset], [storage.allocation.buffer, storage.offset], bytes);
  } catch (error) {
    tensor.dispose();
    throw error;
  }
  storage.region.writtenAt = tick();
  return tensor;
}

export interface ToBufferOptions {
  /** Where the values go, with usage COPY_DST. Absent: a new buffer of their size, which is the caller's to destroy. */
  readonly buffer?: GPUBuffer;
  /** Bytes before the first value, a multiple of 4. Default 0. */
  readonly offset?: number;
}

const toBufferOptions: OptionKinds<ToBufferOptions> = { buffer: kinds.optional(buffer), offset };
const toBufferTakes = signature('toBuffer', { x: kinds.tensor }, toBufferOptions);

/**
 * Copies a tensor's values into a GPUBuffer of the same GPUDevice, without a way through JavaScript.
 *
 * @returns The buffer that was given, or a new one with usage STORAGE, COPY_SRC and COPY_DST.
 * @throws TensorError for a buffer that is too small, lacks the usage, or belongs to another device, and for a tensor
 *   of a function that is being compiled
 */
export async function toBuffer(x: Tensor, options: ToBufferOptions = {}): Promise<GPUBuffer> {
  toBufferTakes(arguments);
  const { device } = x;
  const { offset = 0 } = options;
  device.checkUsable();
  if (x.disposed || x.trace) {
    throw new TensorError(
      `toBuffer: the tensor (${x}) ${x.disposed ? 'has been disposed' : 'belongs to a function being compiled'}; give one that has values.`,
    );
  }
  const bytes = bytesOf(x);
  if (options.buffer) checkBuffer('toBuffer', options.buffer, 'COPY_DST', offset, bytes, `${x}`);
  evaluate(device, [x]);
  if (x.origin.kind !== 'stored') throw new TensorError(`toBuffer: the tensor (${x}) has no memory.`);
  const { allocation, offset: from } = x.origin.storage;
  const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
  const target = options.buffer ?? device.gpu.createBuffer({ label: 'toBuffer', size: offset + bytes, usage });
  await copy('toBuffer', device, [allocation.buffer, from], [target, offset], bytes);
  return target;
}

function checkBuffer(
  name: string,
  { size, usage }: GPUBuffer,
  needed: 'COPY_SRC' | 'COPY_DST',
  offset: number,
  bytes: number,
  what: string,
): void {
  if ((usage & BufferUsage[needed]) === 0) {
    throw new TensorError(`${name}: the buffer's usage lacks ${needed}; create it with GPUBufferUsage.${needed}.`);
  }
  if (offset % 4 !== 0) throw new TensorError(`${name}: offset is ${offset}; give a multiple of 4.`);
  if (offset + bytes > size) {
    throw new TensorError(
      `${name}: ${what} takes ${bytes} bytes, and the buffer has ${size} from which ${offset} are skipped; give a larger buffer.`,
    );
  }
}

type Place = readonly [buffer: GPUBuffer, offset: number];

/** Copies in its turn. A rejected copy is a buffer of another device or one that is mapped or destroyed. */
async function copy(name: string, device: Device, [from, start]: Place, [to, at]: Place, bytes: number): Promise<void> {
  device.gpu.pushErrorScope('validation');
  const encoder = device.gpu.createCommandEncoder({ label: name });
  encoder.copyBufferToBuffer(from, start, to, at, bytes);
  device.submit(encoder);
  const error = await device.wait(() => device.gpu.popErrorScope());
  if (error) {
    throw new TensorError(
      `${name}: WebGPU refuses the buffer (${error.message}); give one of device.gpu that is neither mapped nor destroyed.`,
    );
  }
}
