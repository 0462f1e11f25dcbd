/// <reference lib="esnext.disposable" preserve="true" />
import { type DeviceInfo, traitsOf } from './adapter.js';
import { fill } from './basic-operations.js';
import { BufferPool } from './buffer-pool.js';
import { DeviceError, LimitError, TensorError } from './errors.js';
import { evaluate } from './evaluate.js';
import { FailureState } from './failure-state.js';
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
import { SubmissionOrder } from './submission-order.js';
import { Tensor, type TensorOf } from './tensor.js';
import { Tuning, type TuningStore } from './tuning.js';
import { BufferUsage, MapMode } from './usage.js';
import { checkCount, encode, flatten, type Values } from './values.js';

/** Whether results are checked, and for what: NaN and Inf, or NaN alone. */
export type Checked = boolean | 'nan';

let nextId = 0;

const tensorTakes = signature('tensor', {
  values: kinds.anything,
  shape: kinds.optional(kinds.shape),
  dtype: kinds.optional(kinds.oneOf('f32', 'u32', 'f16')),
});
const zerosTakes = signature('zeros', { shape: kinds.shape });
const onesTakes = signature('ones', { shape: kinds.shape });
const fullTakes = signature('full', { shape: kinds.shape, value: kinds.scalar });
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
export class Device {
  readonly limits: GPUSupportedLimits;
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
  /**
   * @internal Everything that touches the device's memory takes its turn here, or goes to {@link submit} and {@link
   * upload}.
   */
  readonly order = new SubmissionOrder((cause) =>
    this.failures.fail(new DeviceError(`a command failed: ${cause}`, { cause })),
  );
  /** Command buffers submitted so far. */
  submits = 0;
  private readonly failures: FailureState;
  private readonly uniforms: BufferPool;
  private readonly staging: BufferPool;
  /** Returns the memory of tensors that were dropped without `dispose`. A safety net: nothing relies on it. */
  private readonly forgotten = new FinalizationRegistry<Storage>((storage) => this.heap.release(storage));

  /** @internal Use {@link openDevice}. */
  constructor(
    private readonly provider: GpuProvider,
    /**
     * The WebGPU device beneath. Its own queue does not wait for calls that are still being compiled: await them first.
     */
    readonly gpu: GPUDevice,
    readonly info: DeviceInfo,
    /** Whether results are checked, and for what. */
    readonly checked: Checked,
    store: TuningStore | undefined,
  ) {
    this.limits = gpu.limits;
    this.traits = traitsOf(info, gpu);
    this.tuning = new Tuning(this.limits, `${info.description} (${info.vendor} ${info.architecture})`, store);
    this.heap = new Heap(gpu, checked ? GUARD_BYTES : 0, this.order);
    this.pipelines = new PipelineCache(this);
    this.uniforms = new BufferPool(gpu, 'uniforms', BufferUsage.UNIFORM | BufferUsage.COPY_DST);
    const staging = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    this.staging = new BufferPool(gpu, 'read-back', staging, KEPT_STAGING_BYTES);
    provider.opened(gpu);
    this.failures = new FailureState(gpu, (begin) => provider.wait(begin));
  }

  /**
   * A stored tensor of the given values.
   *
   * @param values Numbers, row-major or nested as the axes are, as in [[1, 2], [3, 4]].
   * @param shape As the values are nested if left out.
   * @throws ShapeError for an invalid shape; TensorError for anything but numbers, for rows of different lengths, if
   *   the number of values differs, or for values that u32 does not hold; LimitError beyond a binding.
   */
  tensor(values: Values, shape: Shape | undefined, dtype: 'u32'): TensorOf<'u32'>;
  tensor(values: Values, shape?: Shape, dtype?: DType): Tensor;
  tensor(values: Values, shape?: Shape, dtype: DType = 'f32'): Tensor {
    tensorTakes(arguments);
    const { flat, shape: nested } = flatten('tensor', values);
    const own = shape ?? nested;
    checkShape('tensor', own);
    checkCount('tensor', flat, own);
    const words = encode('tensor', dtype, flat);
    const tensor = this.empty(own, dtype);
    if (tensor.origin.kind === 'stored') this.writeWords(tensor.origin.storage, words);
    return tensor;
  }

  zeros(shape: Shape): Tensor {
    zerosTakes(arguments);
    return this.full(shape, 0);
  }

  ones(shape: Shape): Tensor {
    onesTakes(arguments);
    return this.full(shape, 1);
  }

  /** A stored tensor with one value everywhere. */
  full(shape: Shape, value: number): Tensor {
    fullTakes(arguments);
    return this.stored(() => fill(this, shape, value));
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

  /** Releases the device. Its tensors cannot be used afterwards. */
  close(): void {
    if (!this.failures.close()) return;
    this.gpu.destroy();
    this.provider.release();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal Before an operation: throws if the device cannot be used any more. */
  checkUsable(): void {
    this.failures.checkUsable();
  }

  /**
   * @internal Waits for a WebGPU promise without keeping a core busy. Ends with an error once the device is lost, since
   * browsers leave some promises of a lost device pending for ever.
   */
  wait<T>(begin: () => Promise<T>): Promise<T> {
    return this.failures.wait(begin);
  }

  /** @internal Pops the innermost error scope; an error in it fails the device's next read. */
  expectNoError(context: string, explain: (message: string) => Promise<string>): void {
    this.failures.expectNoError(context, explain);
  }

  /** @internal Submits, in its turn. */
  submit(encoder: GPUCommandEncoder): void {
    const commands = encoder.finish();
    this.order.run(() => {
      this.gpu.queue.submit([commands]);
      this.submits += 1;
    });
  }

  /** @internal Writes to a buffer, in its turn, what `data` holds now. */
  upload(buffer: GPUBuffer, offset: number, data: Uint32Array | Float32Array | Uint16Array): void {
    const kept = (this.order.waiting ? data.slice() : data) as typeof data & ArrayBufferView<ArrayBuffer>;
    this.order.run(() => this.gpu.queue.writeBuffer(buffer, offset, kept));
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
    const { flat } = flatten('write', values);
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

  /** @internal Runs `make` and tells whether the device ran out of memory meanwhile. */
  async withinMemory<T>(make: () => T): Promise<{ value: T; error: GPUError | null }> {
    this.checkUsable();
    this.gpu.pushErrorScope('out-of-memory');
    const outcome = () => this.wait(() => this.gpu.popErrorScope());
    let value: T;
    try {
      value = make();
    } catch (failure) {
      await outcome();
      throw failure;
    }
    return { value, error: await outcome() };
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

  /** @internal Keeps what checked mode finds for the next read. */
  addReport(report: Promise<void>): void {
    this.failures.addReport(report);
  }

  /** @internal */
  async readBuffer(buffer: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const staging = this.staging.take(bytes);
    const encoder = this.gpu.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, offset, staging, 0, bytes);
    try {
      await this.order.turn(() => {
        this.submit(encoder);
        return this.wait(() => staging.mapAsync(MapMode.READ, 0, bytes));
      });
    } catch (cause) {
      staging.destroy();
      // wgpu rejects first, and tells a turn of the event loop later that it was for the loss of the device.
      await Promise.race([this.gpu.lost, new Promise((resolve) => setTimeout(resolve, LOSS_IS_TOLD_MS))]);
      await this.failures.settle();
      throw new DeviceError(`reading ${bytes} bytes back failed (${(cause as Error).message}); open a new device.`, {
        cause,
      });
    }
    const copy = staging.getMappedRange(0, bytes).slice(0);
    staging.unmap();
    this.staging.giveBack(staging);
    await this.failures.settle();
    return copy;
  }

  /** Waits until everything that the device was told so far has been executed. */
  async finished(): Promise<void> {
    this.checkUsable();
    await this.order.turn(() => this.idle());
    await this.failures.settle();
  }

  /**
   * @internal Waits until the device has executed what it was given, without what still waits for its turn. That a
   * device is lost meanwhile is for the next check to say.
   */
  async idle(): Promise<void> {
    await this.wait(() => this.gpu.queue.onSubmittedWorkDone()).catch(() => {});
  }

  /** @internal A uniform buffer of at least `bytes`. */
  borrowUniforms(bytes: number): GPUBuffer {
    return this.uniforms.take(bytes);
  }

  /** @internal */
  returnUniforms(buffer: GPUBuffer): void {
    this.uniforms.giveBack(buffer);
  }
}

/** How long an implementation may take to tell of a loss after what fails because of it. */
const LOSS_IS_TOLD_MS = 1000;

/** Larger buffers for reading back are not kept for the next time. */
const KEPT_STAGING_BYTES = 16 * 1024 * 1024;
