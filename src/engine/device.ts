import { type DeviceInfo, traitsOf } from './adapter.js';
import { fill } from './basic-operations.js';
import { DeviceQueue } from './device-queue.js';
import { DeviceError, LimitError, TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { Generator } from './generator.js';
import type { GpuProvider } from './gpu-provider.js';
import { tick, withTrace } from './graph.js';
import { GUARD_BYTES } from './guard.js';
import * as kinds from './kinds.js';
import { Heap, type Storage } from './memory-heap.js';
import type { DeviceTraits } from './operation.js';
import { PipelineCache } from './pipelines.js';
import { type RandomSource, randomNormal, randomSource, randomUniform, refuseFrozen } from './random.js';
import { type RandomKey, randomKey } from './random-key.js';
import { bytesOf, checkShape, type DType, formatShape, type Shape } from './shape.js';
import { signature } from './signature.js';
import { Tensor, type TensorOf } from './tensor.js';
import { Tuning, type TuningStore } from './tuning.js';
import { checkCount, encode, flatten, type Values } from './values.js';

/** Whether results are checked, and for what: NaN and Inf, or NaN alone. */
export type Checked = boolean | 'nan';

let nextId = 0;

const tensorTakes = signature('tensor', {
  values: kinds.anything,
  shape: kinds.optional(kinds.shape),
  dtype: kinds.optional(kinds.dtype),
});
const optionalType = kinds.optional(kinds.dtype);
const zerosTakes = signature('zeros', { shape: kinds.shape, dtype: optionalType });
const onesTakes = signature('ones', { shape: kinds.shape, dtype: optionalType });
const fullTakes = signature('full', { shape: kinds.shape, value: kinds.scalar, dtype: optionalType });
const randnTakes = signature('randn', { shape: kinds.shape, key: randomSource });
const uniformTakes = signature('uniform', {
  shape: kinds.shape,
  key: randomSource,
  low: kinds.optional(kinds.finite),
  high: kinds.optional(kinds.finite),
});
const generatorTakes = signature('generator', { seed: randomKey });
const allocateTakes = signature('allocate', { make: kinds.callable });

/** An open device: makes tensors, and runs what is recorded on them. */
export class Device extends DeviceQueue {
  /** Traits by which kernels are chosen. Read-only. */
  readonly traits: DeviceTraits;
  /** Which kernels were measured to be the fastest on this adapter. */
  readonly tuning: Tuning;
  /** @internal */
  readonly heap: Heap;
  /** @internal */
  readonly pipelines: PipelineCache;
  /** @internal Tells devices apart. */
  readonly id = nextId++;
  /** Returns the memory of tensors that were dropped without `dispose`. A safety net: nothing relies on it. */
  private readonly forgotten = new FinalizationRegistry<Storage>((storage) => this.heap.release(storage));

  /** @internal Use {@link openDevice}. */
  constructor(
    provider: GpuProvider,
    gpu: GPUDevice,
    readonly info: DeviceInfo,
    /** Whether results are checked, and for what. */
    readonly checked: Checked,
    store: TuningStore | undefined,
    owned = true,
  ) {
    super(provider, gpu, owned);
    this.traits = traitsOf(info, gpu);
    this.tuning = new Tuning(this.limits, `${info.description} (${info.vendor} ${info.architecture})`, store);
    this.heap = new Heap(gpu, checked ? GUARD_BYTES : 0, this.order);
    this.pipelines = new PipelineCache(this);
  }

  /**
   * A stored tensor of the given values.
   *
   * @param values Numbers, row-major or nested as the axes are, as in [[1, 2], [3, 4]].
   * @param shape As the values are nested if left out.
   * @throws ShapeError for an invalid shape; TensorError for anything but numbers, for rows of different lengths, if
   *   the number of values differs, or for values that the type does not hold; LimitError beyond a binding.
   */
  tensor<D extends 'i32' | 'u32' | 'bool'>(values: Values, shape: Shape | undefined, dtype: D): TensorOf<D>;
  tensor(values: Values, shape?: Shape, dtype?: DType): Tensor;
  tensor(values: Values, shape?: Shape, dtype: DType = 'f32'): Tensor {
    tensorTakes(arguments);
    const { flat, shape: nested } = flatten('tensor', values, dtype);
    const own = shape ?? nested;
    checkShape('tensor', own);
    checkCount('tensor', flat, own);
    const words = encode('tensor', dtype, flat);
    const tensor = this.empty(own, dtype);
    if (tensor.origin.kind === 'stored') this.writeWords(tensor.origin.storage, words);
    return tensor;
  }

  /** A stored tensor of zeros, f32 if no type is given. */
  zeros(shape: Shape, dtype?: DType): Tensor {
    zerosTakes(arguments);
    return this.full(shape, 0, dtype);
  }

  /** A stored tensor of ones, f32 if no type is given. */
  ones(shape: Shape, dtype?: DType): Tensor {
    onesTakes(arguments);
    return this.full(shape, 1, dtype);
  }

  /**
   * A stored tensor with one value everywhere, f32 if no type is given.
   * @throws ShapeError for a value that a type of whole numbers does not hold
   */
  full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
    fullTakes(arguments);
    return this.stored(() => fill(this, shape, value, dtype));
  }

  /**
   * A stored tensor of normal draws with mean 0 and variance 1. The same key gives the same bits.
   * @throws TensorError within a compiled function, where it would be drawn once: use randomNormal
   */
  randn(shape: Shape, key: RandomSource): Tensor {
    randnTakes(arguments);
    refuseFrozen('randn', key);
    return this.stored(() => randomNormal(this, shape, key));
  }

  /**
   * A stored tensor of uniform draws in [low, high). The same key gives the same bits.
   * @throws TensorError within a compiled function, where it would be drawn once: use randomUniform
   */
  uniform(shape: Shape, key: RandomSource, low = 0, high = 1): Tensor {
    uniformTakes(arguments);
    refuseFrozen('uniform', key);
    return this.stored(() => randomUniform(this, shape, key, low, high));
  }

  /**
   * A stream of random draws that goes on from draw to draw, within compiled functions too.
   * @param seed The same seed gives the same stream, other seeds independent ones.
   * @throws TensorError within a compiled function, and for a seed that is no whole number
   */
  generator(seed: RandomKey): Generator {
    generatorTakes(arguments);
    return new Generator(this, seed);
  }

  /** Stored at once, even while a function is being compiled: what a device makes is state, not part of a program. */
  private stored(make: () => Tensor): Tensor {
    this.checkUsable();
    return withTrace(undefined, () => {
      const tensor = make();
      evaluate(this, [tensor]);
      return tensor;
    });
  }

  /** @internal A stored tensor with undefined contents. */
  empty(shape: Shape, dtype: DType, label = 'tensor'): Tensor {
    this.checkUsable();
    checkShape(label, shape);
    const bytes = bytesOf({ shape, dtype });
    const limit = this.limits.maxStorageBufferBindingSize;
    if (bytes > limit) {
      throw new LimitError(
        `${label}: shape ${formatShape(shape)} needs a binding of ${bytes} bytes, and this adapter binds at most ` +
          `${limit}; use a smaller shape, or several tensors.`,
      );
    }
    const storage = this.heap.allocate(bytes, label);
    return new Tensor(this, [...shape], dtype, { kind: 'stored', storage });
  }

  /** Memory that tensors and programs hold now, and what is kept for reuse. Bytes. */
  memory(): { bytes: number; buffers: number; freeBytes: number; pipelines: number } {
    return { ...this.heap.statistics(), pipelines: this.pipelines.size };
  }

  /** @internal */
  watch(tensor: Tensor, storage: Storage): void {
    this.forgotten.register(tensor, storage, tensor);
  }

  /** @internal */
  release(tensor: Tensor, storage: Storage): void {
    this.forgotten.unregister(tensor);
    this.heap.release(storage);
  }

  /** @internal Moves a stored tensor to other memory, which already holds its values. */
  relocate(tensor: Tensor, storage: Storage): void {
    if (tensor.origin.kind === 'stored') {
      const { region } = tensor.origin.storage;
      storage.region.writtenAt = Math.max(storage.region.writtenAt, region.writtenAt);
      this.release(tensor, tensor.origin.storage);
    }
    tensor.origin = { kind: 'stored', storage };
    this.watch(tensor, storage);
  }

  /** @internal See {@link Tensor.write}. */
  write(tensor: Tensor, values: Values): void {
    this.checkUsable();
    if (tensor.origin.kind !== 'stored') {
      throw new TensorError(
        `write: the tensor (${tensor}) is ${tensor.origin.kind}, not stored; write to one made by the device.`,
      );
    }
    const { flat } = flatten('write', values, tensor.dtype);
    checkCount('write', flat, tensor.shape);
    this.writeWords(tensor.origin.storage, encode('write', tensor.dtype, flat));
  }

  private writeWords(storage: Storage, words: ReturnType<typeof encode>): void {
    this.upload(storage.allocation.buffer, storage.offset, words);
    storage.region.writtenAt = tick();
  }

  /**
   * Returns what `make` returns, once the device is known to have had room for it. Elsewhere running out of memory is
   * the end of a device; here it is an error, after which the device goes on.
   *
   * @param make Makes a stored tensor. Must not be async.
   * @throws DeviceError if there is no room; and what `make` throws
   */
  async allocate(make: () => Tensor): Promise<Tensor> {
    allocateTakes(arguments);
    const { value: tensor, error } = await this.withinMemory(make);
    if (!error) return tensor;
    tensor.dispose();
    this.heap.trim();
    throw new DeviceError(
      `the device has no room for ${bytesOf(tensor)} bytes (${error.message}); use fewer or smaller tensors.`,
    );
  }

  /** @internal `assign` outside a compiled function. */
  assignNow(effects: ReadonlyMap<Tensor, Tensor>): void {
    evaluate(this, [], effects);
  }

  /** @internal See {@link Tensor.data}. */
  async read(tensor: Tensor): Promise<ArrayBuffer> {
    this.checkUsable();
    if (tensor.disposed) {
      throw new TensorError(`data: the tensor (${tensor}) has been disposed; read it before.`);
    }
    if (tensor.trace) {
      throw new TensorError(
        `data: the tensor (${tensor}) belongs to a function being compiled and has no values yet; return it and read the result.`,
      );
    }
    evaluate(this, [tensor]);
    if (tensor.origin.kind !== 'stored') throw new TensorError(`data: the tensor (${tensor}) has no memory.`);
    const { allocation, offset } = tensor.origin.storage;
    const bytes = await this.readBuffer(allocation.buffer, offset, bytesOf(tensor));
    await this.failures.settleReports();
    return bytes;
  }
}
